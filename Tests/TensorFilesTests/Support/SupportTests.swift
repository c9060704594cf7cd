import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The tools of all tests are sound themselves.
@Suite struct SupportTests {
    @Test func aSeedGivesTheSameNumbersEverywhere() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
        #expect(SeededTensors.floats(3, seed: 1) == SeededTensors.floats(3, seed: 1))
        #expect(SeededTensors.floats(3, seed: 1) != SeededTensors.floats(3, seed: 2))
        let values = SeededTensors.floats(10_000, seed: 4)
        let square = values.reduce(0) { $0 + $1 * $1 } / 10_000
        #expect(abs(square - 1) < 0.05)
    }

    @Test func aWalkMovesEveryStep() {
        let steps = SeededTensors.walk(100, steps: 3, seed: 1)
        #expect(steps.count == 3)
        #expect(steps[0] != steps[1])
    }

    @Test func temporaryDirectoriesGoAway() throws {
        let path: String
        do {
            let directory = try TemporaryDirectory()
            path = directory.path
            try directory.write([1], to: "a/b/c")
            #expect(try SharedRuns.files(under: path) == [directory.file("a/b/c")])
        }
        #expect(!Directories.exists(path))
    }
}
