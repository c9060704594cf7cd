import ChainArchive
import FileSystem
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Where keyframes are put, if no count says it.
@Suite struct KeyframeTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun(
        [.init("wide.weight", [24, 40]), .init("norm.weight", [40]), .init("experts.weight", [3, 16, 18])], steps: 18)

    /// Small matrices find their bases anew for much more than they are decoded for; the deltas of `excp` cost next to nothing.
    private func options(
        _ method: CompressionOptions.Method, _ largestCost: Double = 2.5, threads: Int = 1
    ) -> CompressionOptions {
        var options = CompressionOptions(method: method, threads: threads)
        options.largestCost = method == TestMethods.excp ? largestCost / 2 : largestCost
        return options
    }

    @discardableResult
    private func compress(
        _ run: String, _ archive: String, _ options: CompressionOptions
    ) async throws -> CompressionResult {
        let result = try await Compressor(
            run: workshop.path(run), archive: workshop.path(archive), options: options
        ).compress()
        #expect(result.skipped.isEmpty)
        return result
    }

    private func keyframes(_ archive: String) throws -> [Int] {
        try workshop.report(archive).steps.filter(\.isKeyframe).map(\.number)
    }

    @Test(arguments: TestMethods.all)
    func appendingPutsThemWhereOneCallDoes(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps()
        try workshop.write(steps)
        try await compress("run", "whole.varve", options(method))
        for (index, step) in steps.enumerated() {
            try workshop.write([step], to: "rotating")
            // In calls of one, of two and of three steps.
            if index % 6 == 1 || index % 6 == 3 || index % 6 == 4 { continue }
            try await compress("rotating", "grown.varve", options(method, threads: 2))
            try Directories.remove(workshop.path("rotating"))
        }
        let whole = try workshop.parts("whole.varve"), grown = try workshop.parts("grown.varve")
        #expect(whole == grown && whole.count == steps.count)
        let found = try keyframes("whole.varve")
        #expect(try keyframes("grown.varve") == found)
        #expect(found.first == DriftingRun.number(0) && found.count < steps.count / 2)
        // What stands on its own in most of its bytes need not get another one.
        if method != TestMethods.lossless { #expect(found.count > 1) }
    }

    @Test(arguments: TestMethods.all, [1.5, 2.5, 4])
    func noStepCostsMoreThanTheBound(method: CompressionOptions.Method, largestCost: Double) async throws {
        try workshop.write(Self.run.steps())
        let options = options(method, largestCost)
        try await compress("run", "a.varve", options)
        let archive = try ArchiveReader(workshop.path("a.varve"))
        let rule = options.keyframeRule(try options.stepMethod())
        var costs = ChainCosts(archive), before: ChainCost?
        for number in archive.steps {
            let found = try costs.cost(of: number)
            let cost = try #require(found)
            if let before {
                let isKeyframe = try archive.manifest(number).isKeyframe
                #expect(isKeyframe == rule.isDue(after: before))
                #expect(cost.length == (isKeyframe ? 1 : before.length + 1))
                if !isKeyframe { #expect(cost.length == 2 || cost.restoring <= rule.bound(after: before)) }
            }
            #expect(cost.length > 1 || cost.inKeyframes == 1)
            before = cost
        }
    }

    /// Costs do not depend on which steps were asked before.
    @Test func aStepAloneCostsWhatItCostsAmongOthers() async throws {
        try workshop.write(Self.run.steps())
        try await compress("run", "a.varve", options(TestMethods.transform, 4))
        let report = try workshop.report()
        for step in report.steps.reversed() {
            let alone = try Reporter(archive: workshop.path("a.varve")).report(steps: [step.number...step.number])
            #expect(alone.steps.map(\.restoreCost) == [step.restoreCost])
            #expect(step.isKeyframe == (step.restoreCost == 1))
        }
    }

    @Test(arguments: TestMethods.chains)
    func theDryRunForetellsThem(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps()
        // How deep lossless chains become depends on bytes that only encoding tells: of steps that build on an archive it is a
        // guess.
        for count in method == TestMethods.lossless ? [steps.count] : [7, steps.count] {
            try workshop.write(Array(steps[..<count]))
            let estimate = try await Estimator(
                run: workshop.path("run"), archive: workshop.path("a.varve"), options: options(method)
            ).estimate()
            let result = try await compress("run", "a.varve", options(method))
            #expect(estimate.steps.map(\.step) == result.added)
            let added = Set(result.added)
            let foretold = estimate.steps.filter(\.keyframe).map(\.step)
            let made = try keyframes("a.varve").filter(added.contains)
            #expect(foretold == made)
        }
    }

    @Test func aCountIsACount() async throws {
        try workshop.write(Array(Self.run.steps().prefix(7)))
        var options = options(TestMethods.transform, 1)
        options.keyframeInterval = 3
        try await compress("run", "a.varve", options)
        #expect(try keyframes("a.varve") == [0, 3, 6].map(DriftingRun.number))
        await #expect(throws: VarveError.self) {
            _ = try await Compressor(
                run: workshop.path("run"), archive: workshop.path("b.varve"),
                options: CompressionOptions(keyframeInterval: 0)
            ).compress()
        }
    }

    /// Manifests of a chain are held together, so cheap chains end as well.
    @Test func noChainIsLongerThanItsLimit() async throws {
        let limit = KeyframeRule.longestChain
        let run = DriftingRun([.init("a", [8, 8])], steps: limit + 2)
        try workshop.write(run.steps())
        try await compress("run", "a.varve", options(.lossless, 1e9))
        #expect(try keyframes("a.varve") == [0, limit].map(DriftingRun.number))
    }

    /// What was forgotten and pruned of a chain is not decoded, and costs nothing; appending goes on.
    @Test(arguments: TestMethods.chains)
    func chainsGoOnAfterForgettingAndReplacing(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps()
        try workshop.write(Array(steps[..<10]))
        try await compress("run", "a.varve", options(method))
        let archive = workshop.path("a.varve")
        _ = try Forgetter(archive: archive).forget(ForgetPolicy(keepLast: 3), prune: true)
        try workshop.write(Array(steps[10..<13]))
        try await compress("run", "a.varve", options(method))
        _ = try await Rebaser(archive: archive).forget(ForgetPolicy(keepLast: 3), prune: true)
        try workshop.write(Array(steps[13...]))
        try await compress("run", "a.varve", options(method))
        var other = options(method)
        other.replaces = true
        try workshop.write([DriftingRun(Self.run.shapes, steps: 18, seed: 9).step(15)])
        #expect(try await compress("run", "a.varve", other).replaced == [DriftingRun.number(15)])
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let costs = try workshop.report().steps.map(\.restoreCost)
        #expect(costs.allSatisfy { ($0 ?? 0) >= 0.5 && ($0 ?? .infinity) < 100 }, "\(costs)")
    }

    /// A first step that is a change of a base is a keyframe to the chain.
    @Test func aBaseBeginsAChain() async throws {
        let steps = Self.run.steps()
        try workshop.write(Array(steps.dropFirst()))
        try workshop.write([steps[0]], to: "base")
        var options = options(TestMethods.transform)
        options.base = workshop.path("base/" + RunWorkshop.fileName(steps[0].number))
        try await compress("run", "a.varve", options)
        let found = try keyframes("a.varve")
        #expect(found.count > 1 && found.count < steps.count / 2 && found[0] == DriftingRun.number(1))
    }
}
