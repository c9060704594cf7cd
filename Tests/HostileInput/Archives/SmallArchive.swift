import TensorCodecs
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// Archives of a few kilobytes that between them hold every way of coding.
package enum SmallArchive: String, CaseIterable, Sendable {
    /// Quantized keyframe and deltas.
    case transform
    /// Several groups of deltas, closed by exact keyframes.
    case groups
    /// The published method.
    case excp
    /// Packs two predecessors deep, and tensors that do not change.
    case lossless
    /// Residuals against a base, files of the run, links, copies.
    case mixed
    /// Checkpoints that are directories.
    case trainer
    /// A step that was forgotten and pruned and still has the weights others build on, one that is only marked, a pin.
    case forgotten
    /// Steps that were taken again as new versions, so that those before them could go.
    case rebased

    private static let shapes: [DriftingRun.Shape] = [.init("tall", [12, 5]), .init("norm", [6])]

    /// The checkpoint outside of the archive that `mixed` builds on, beside the run.
    package static func base(_ directory: String) -> String { Paths.join(directory, "base.safetensors") }

    private var options: CompressionOptions {
        switch self {
        case .transform, .forgotten, .rebased: CompressionOptions(threads: 1)
        case .groups:
            CompressionOptions(
                method: .transform(TransformOptions(quality: .high, keyframes: .exact)), keyframeInterval: 3, threads: 1
            )
        case .excp, .mixed: CompressionOptions(method: .excp(ExcpOptions(alpha: 0.01)), threads: 1)
        case .lossless: CompressionOptions(method: .lossless, threads: 1)
        case .trainer: CompressionOptions(method: .transform(TransformOptions(quality: .small)), threads: 1)
        }
    }

    /// Makes the run and the archive `NAME.varve` in `directory`.
    /// - Returns: path of the archive, and of the base where there is one.
    package func make(in directory: String) async throws -> (archive: String, base: String?) {
        let run = Paths.join(directory, rawValue)
        try write(run, beside: directory)
        var options = options
        if self == .mixed { options.base = Self.base(directory) }
        let archive = Paths.join(directory, rawValue + ".varve")
        _ = try await Compressor(run: run, archive: archive, options: options).compress()
        if self == .forgotten {
            let forgetter = Forgetter(archive: archive)
            _ = try forgetter.pin([30...30])
            _ = try forgetter.forget(ForgetPolicy(steps: [20...20]), prune: true)
            _ = try forgetter.forget(ForgetPolicy(steps: [40...40]))
        }
        if self == .rebased {
            _ = try await Rebaser(archive: archive, options: RebaseOptions(threads: 1)).forget(
                ForgetPolicy(keepLast: 3), prune: true)
        }
        return (archive, options.base)
    }

    private func write(_ root: String, beside directory: String) throws {
        func put(_ bytes: [UInt8], _ name: String) throws {
            let path = Paths.join(root, name)
            try Scratch.write(bytes, to: path)
            // The same archive every time, whenever it is made.
            try SystemCalls.setModificationTime(path, nanoseconds: 1_700_000_000_000_000_000)
        }
        let isLong = [.groups, .forgotten, .rebased].contains(self)
        let run = DriftingRun(Self.shapes, steps: isLong ? 5 : 3, seed: 7)
        switch self {
        case .transform, .groups, .excp, .forgotten, .rebased:
            for step in run.steps() { try put(step.file(), "ckpt_\(step.number).pt") }
        case .lossless:
            let frozen = TestTensor("frozen", dtype: "BF16", shape: [8], bytes: (0..<16).map { UInt8($0) })
            for step in run.steps({
                $0.model.append(frozen); $0.states.append([])
            }) {
                try put(step.file(), "ckpt_\(step.number).pt")
            }
        case .mixed:
            let steps = run.steps()
            try Scratch.write(SafetensorsMaker.file(steps[0].model), to: Self.base(directory))
            for step in steps { try put(step.file(), "ckpt_\(step.number).pt") }
            try put(Array(#"{"loss": [3.5, 3.25]}"#.utf8), "log.json")
            try put([UInt8](repeating: 0, count: 5000) + Array("end".utf8), "zeros.bin")
            try put(steps[1].file(), "copy/best.pt")
            try SystemCalls.link(Paths.join(root, "ckpt_30.pt"), Paths.join(root, "hard.pt"))
            try SystemCalls.symbolicLink(target: "ckpt_30.pt", at: Paths.join(root, "last.pt"))
        case .trainer:
            for (index, step) in run.steps().enumerated() {
                let folder = "checkpoint-\(step.number)/"
                try put(SafetensorsMaker.file(step.model, metadata: [("format", "pt")]), folder + "model.safetensors")
                var optimizer = step
                optimizer.model = []
                try put(optimizer.file(), folder + "optimizer.pt")
                try put(Array(#"{"global_step": \#(step.number)}"#.utf8), folder + "trainer_state.json")
                let noise = SeededTensors.floats(2048, seed: UInt64(index), deviation: 0.02)
                try put(SeededTensors.bytes(of: noise), folder + "noise.bin")
            }
        }
    }
}
