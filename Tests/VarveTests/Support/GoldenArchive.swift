import ChainArchive
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// A golden archive: its name, and how it is made. Together they have every field, coding and option of the format.
struct GoldenArchive: Sendable {
    var name: String
    var method: CompressionOptions.Method
    var keyframeInterval = 50
    /// Workers that make it, each a part of every step.
    var workers = 1
    /// Writes the run into a directory that is not there yet; `nil`: the odd run in Fixtures.
    var write: (@Sendable (_ run: String) throws -> Void)?
    /// What is done to the archive after that.
    var finish: @Sendable (_ archive: String, _ run: String) async throws -> Void = { _, _ in }

    private static func transform(
        _ quality: TransformOptions.Quality = .balanced, effort: TransformOptions.Effort = .normal
    ) -> CompressionOptions.Method {
        .transform(TransformOptions(quality: quality, effort: effort))
    }

    static let all: [GoldenArchive] = [
        GoldenArchive(name: "lossless-1.0", method: .lossless),
        GoldenArchive(name: "kinds-1.0", method: .lossless, write: { try GoldenRuns.writeKinds(to: $0) }),
        GoldenArchive(name: "masters-1.0", method: .lossless, write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "excp-1.0", method: TestMethods.excp, keyframeInterval: 4,
            write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(name: "odd-1.0", method: TestMethods.excp),
        GoldenArchive(name: "tracked-1.0", method: transform(), write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "low-1.0", method: transform(.small, effort: .low), write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "high-1.0", method: transform(.high, effort: .high), write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "exact-keyframes-1.0", method: TestMethods.exactKeyframes, keyframeInterval: 3,
            write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "kept-bases-1.0", method: transform(), write: { try GoldenRuns.writePartly(to: $0, steps: 8) }),
        GoldenArchive(name: "states-1.0", method: transform(), write: { try GoldenRuns.writeStates(to: $0) }),
        GoldenArchive(
            name: "pieces-1.0", method: transform(), write: { try ShardedRuns.write("dcp_fsdp_2ranks", to: $0) }),
        GoldenArchive(
            name: "workers-1.0", method: transform(), workers: 3, write: { try GoldenRuns.writeTracked(to: $0) }),
        GoldenArchive(
            name: "replaced-1.0", method: .lossless, write: { try GoldenRuns.writeTracked(to: $0) },
            finish: { archive, run in
                // Steps that were written again, one of them twice, while later ones build on what they were.
                for (seed, indices) in [(UInt64(2), 1..<3), (3, 2..<3)] {
                    try GoldenRuns.writeTracked(to: run, seed: seed, only: indices)
                    var options = CompressionOptions(method: .lossless)
                    options.replaces = true
                    _ = try await Compressor(run: run, archive: archive, options: options).compress()
                }
            }),
        GoldenArchive(
            name: "pruned-1.0", method: transform(), write: { try GoldenRuns.writeDirectories(to: $0) },
            finish: { archive, _ in
                let forgetter = Forgetter(archive: archive)
                _ = try forgetter.forget(ForgetPolicy(steps: [10...10], momentsOnly: true))
                _ = try forgetter.forget(ForgetPolicy(steps: [30...30]))
                _ = try forgetter.prune()
                _ = try Archive(at: archive).pin([50...50])
            }),
        GoldenArchive(
            name: "rebased-1.0", method: transform(), write: { try GoldenRuns.writeDirectories(to: $0) },
            finish: { archive, _ in
                _ = try await Rebaser(archive: archive, options: RebaseOptions(threads: 1)).forget(
                    ForgetPolicy(keepLast: 3), prune: true)
            }),
    ]

    static func named(_ name: String) -> GoldenArchive? { all.first { $0.name == name } }

    /// One worker after the other, until none waits for another.
    private func makeParts(_ archive: String, of run: String, _ options: CompressionOptions) async throws {
        var isDone = false
        while !isDone {
            isDone = true
            for index in 0..<workers {
                let result = try await Archive.compressPart(
                    run: run, to: archive, part: PartOptions(index: index, count: workers), options: options)
                isDone = isDone && result.waiting.isEmpty && result.missing.isEmpty
            }
        }
    }

    /// Makes it.
    /// - Parameter directory: where its run is written.
    func make(_ archive: String, in directory: TemporaryDirectory) async throws {
        var run = Fixture.oddRun
        if let write {
            run = Paths.join(directory.path, "run")
            try write(run)
        }
        let options = CompressionOptions(method: method, keyframeInterval: keyframeInterval)
        if workers == 1 {
            _ = try await Compressor(run: run, archive: archive, options: options).compress()
        } else {
            try await makeParts(archive, of: run, options)
        }
        try await finish(archive, run)
    }
}
