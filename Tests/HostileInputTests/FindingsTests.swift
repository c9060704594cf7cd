import HostileInput
import TensorFiles
import Testing
import VarveTestSupport

/// What fuzzing found once is never found again.
@Suite struct FindingsTests {
    /// The files under `Fixtures/fuzz/findings/TARGET`, each an input that once broke a promise.
    @Test(arguments: FuzzTarget.allCases) func replaysEveryFinding(target: FuzzTarget) throws {
        let folder = SharedRuns.fixtures("fuzz/findings/\(target.rawValue)")
        guard Directories.exists(folder) else { return }
        for path in try SharedRuns.files(under: folder) {
            let file = try InputFile(path)
            try target.run(try file.bytes(at: 0, count: Int(file.byteCount)))
        }
    }

    /// Seeds reach what a target is for: they are accepted, and so are most of what is made of them by one changed byte
    /// refused or not, but answered.
    @Test(arguments: FuzzTarget.allCases) func answersItsSeedsAndTheirMutations(target: FuzzTarget) throws {
        let seeds = try target.seeds()
        #expect(seeds.count > 3)
        var random = SplitMix64(seed: 3)
        for seed in seeds.filter({ $0.count < 1500 }).prefix(40) {
            try target.run(seed)
            guard !seed.isEmpty else { continue }
            for _ in 0..<4 {
                var mutated = seed
                mutated[Int(random.next() % UInt64(seed.count))] = UInt8(truncatingIfNeeded: random.next())
                try target.run(mutated)
            }
        }
    }
}
