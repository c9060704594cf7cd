import Foundation
import FileSystem
import TensorFiles
import Testing
import TortureKit
import VarveTestSupport

/// The short form of `make torture`: every command, some of the calls at which it may end or fail.
@Suite struct TortureTests {
    let directory = try! TemporaryDirectory()

    /// The executable beside the test bundle.
    static let program: String = {
        var directory = Paths.split(CommandLine.arguments[0]).directory
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
            directory = Paths.split(bundle.bundlePath).directory
        }
        return Paths.join(directory, "Torture")
    }()

    private func scenario(_ name: String) throws -> Scenario { try #require(Scenarios.named(name)) }

    @Test(arguments: Scenarios.all.map(\.name))
    func aKilledCommandLosesNothingAndIsFinishedByTheNext(name: String) async throws {
        let figures = try await KillTorture.run(
            try scenario(name), in: directory.path, program: Self.program, stride: 151)
        #expect(figures.violations == [])
        #expect(figures.count > 1)
    }

    @Test(arguments: Scenarios.all.map(\.name))
    func aFailingCallIsAnErrorThatLosesNothing(name: String) async throws {
        let figures = try await ErrorTorture.run(try scenario(name), in: directory.path, stride: 397)
        #expect(figures.violations == [])
        #expect(figures.count > 10)
    }

    @Test(arguments: Scenarios.all.filter(\.isDurable).map(\.name))
    func whatWasPromisedSurvivesLostPower(name: String) async throws {
        let figures = try await PowerTorture.run(try scenario(name), in: directory.path, variants: 1, stride: 29)
        #expect(figures.violations == [])
        #expect(figures.count > 5)
    }

    /// What the first call left unflushed is what the second builds on.
    @Test func lostPowerAfterAKillAndASecondCallTakesNothingEither() async throws {
        let figures = try await PowerTorture.runResumed(
            try scenario("compress, append"), in: directory.path, variants: 0, interruptions: 197)
        #expect(figures.violations == [])
        #expect(figures.count > 10)
    }
}
