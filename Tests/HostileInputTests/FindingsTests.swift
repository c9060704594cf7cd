import HostileInput
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What fuzzing found once is never found again. One after the other: targets share a directory.
@Suite(.serialized) struct FindingsTests {
    /// The files under `Fixtures/fuzz/findings/TARGET`, each an input that once broke a promise.
    @Test(arguments: FuzzTarget.allCases.filter { Directories.exists(findings($0)) })
    func replaysEveryFinding(target: FuzzTarget) async throws {
        try await target.run(
            all: try SharedRuns.files(under: Self.findings(target)).map { path in
                let file = try InputFile(path)
                return try file.bytes(at: 0, count: Int(file.byteCount))
            })
    }

    private static func findings(_ target: FuzzTarget) -> String {
        SharedRuns.fixtures("fuzz/findings/\(target.rawValue)")
    }

    /// Numbers, bytes and ends of the files of sharded runs.
    @Test func answersWrongNumbersInShards() async throws {
        try await FuzzTarget.shards.run(all: ShardTarget.inputs(100, seed: 11))
    }

    /// Seeds are what a target is for; what is made of them by one changed byte may be refused, and is answered.
    @Test(arguments: FuzzTarget.allCases) func answersItsSeedsAndTheirMutations(target: FuzzTarget) async throws {
        let seeds = try target.seeds().filter { !$0.isEmpty && $0.count < 1500 }.prefix(20)
        #expect(seeds.count > 3)
        var random = SplitMix64(seed: 3)
        var inputs: [[UInt8]] = []
        for seed in seeds {
            inputs.append(seed)
            for _ in 0..<3 {
                var mutated = seed
                mutated[Int(random.next() % UInt64(seed.count))] = UInt8(truncatingIfNeeded: random.next())
                inputs.append(mutated)
            }
        }
        try await target.run(all: inputs)
    }
}
