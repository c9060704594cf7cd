import TensorFiles
import ChainArchive
import Checkpoints

/// How a file of a checkpoint is understood, and what becomes of its bytes.
public struct FileOutline: Sendable, Codable {
    /// The path in the run.
    public var path: String
    /// Bytes of the file.
    public var bytes: UInt64
    /// `safetensors`, `torchZip` or `torchLegacy`; `other` for a file that is kept whole.
    public var container: String
    /// The number of tensors that are weights of parameters.
    public var weights = 0
    /// The number of tensors that are first moments.
    public var firstMoments = 0
    /// The number of tensors that are second moments.
    public var secondMoments = 0
    /// The number of all other tensors.
    public var others = 0
    /// Bytes of tensors that the method may quantize.
    public var quantizedBytes: UInt64 = 0
    /// Bytes of tensors that are stored exactly.
    public var exactBytes: UInt64 = 0
    /// Bytes that lie in no tensor: headers, pickles, text. They are stored exactly.
    public var payloadBytes: UInt64 = 0
}

extension StepPlan {
    /// The step's files in path order, links and directories left out.
    func outline(_ contents: StepContents) -> [FileOutline] {
        var containers: [String: String] = [:]
        for file in contents.files { containers[file.path] = file.tensorFile?.container.rawValue }
        var files = entries.map {
            FileOutline(path: $0.path, bytes: $0.byteCount, container: containers[$0.path] ?? "other")
        }
        func count(_ tensor: PlannedTensor, isQuantized: Bool) {
            let entry = tensor.pieces.start.file
            switch tensor.identity.role {
            case .weight: files[entry].weights += 1
            case .firstMoment: files[entry].firstMoments += 1
            case .secondMoment: files[entry].secondMoments += 1
            case .other: files[entry].others += 1
            }
            for piece in tensor.pieces.all {
                let bytes = UInt64(tensor.pieces.range(piece).count)
                if isQuantized {
                    files[piece.file].quantizedBytes += bytes
                } else {
                    files[piece.file].exactBytes += bytes
                }
            }
        }
        for unit in units {
            switch unit {
            case .quantizedGroup(let parameters):
                for tensor in parameters.flatMap(\.tensors) { count(tensor, isQuantized: true) }
            case .losslessGroup(let tensors):
                for tensor in tensors { count(tensor, isQuantized: false) }
            case .payload(let payload):
                files[payload.entry].payloadBytes += UInt64(payload.byteCount)
            }
        }
        return zip(entries, files).compactMap { $0.isFile ? $1 : nil }
    }
}
