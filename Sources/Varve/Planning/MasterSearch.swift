import TensorFiles
import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// Finds the float32 masters of half-precision weights: tensors that, rounded, are the weight.
///
/// Frameworks keep them in many places (the optimizer's state, lists beside it) under no common name, so contents
/// decide: a sample here, every value when the step is encoded.
struct MasterSearch {
    private let contents: StepContents
    /// Float32 tensors by shape.
    private var candidates: [[Int]: [TensorIndex]] = [:]

    init(_ contents: StepContents) {
        self.contents = contents
        // Behind the files are the tensors that lie in pieces of them.
        let tensors = StepTensors(contents.files, contents.assembly)
        for file in 0...contents.files.count {
            for (number, tensor) in (tensors.file(file)?.tensors ?? []).enumerated()
            where tensor.dtype == .f32 && !tensor.isOpaque {
                candidates[tensor.shape, default: []].append(TensorIndex(file: file, tensor: number))
            }
        }
    }

    private static let samples = 64

    /// The master of a weight; `nil` where the weight is no half-precision tensor or there is none.
    func master(of weight: TensorIndex?) throws(VarveError) -> TensorIndex? {
        guard let weight, let (file, tensor) = contents.tensor(weight), !tensor.isOpaque,
            let format = tensor.dtype.floatFormat, format == .bf16 || format == .f16,
            let range = file.byteRange(of: tensor), let pool = candidates[tensor.shape]
        else { return nil }
        let count = tensor.shape.reduce(1, *)
        guard count > 0 else { return nil }
        let source = file.source
        let positions = (0..<min(count, Self.samples)).map { UInt64($0 * (count / min(count, Self.samples))) }
        var expected: [[UInt8]] = []
        for position in positions { expected.append(try source.bytes(at: range.lowerBound + 2 * position, count: 2)) }
        // Zeros alone prove nothing.
        guard expected.contains(where: { $0 != [0, 0] && $0 != [0, 0x80] }) else { return nil }
        for candidate in pool {
            guard let (file, tensor) = contents.tensor(candidate), let masterRange = file.byteRange(of: tensor),
                masterRange.count == 4 * count
            else { continue }
            let source = file.source
            var agrees = true
            for (position, bytes) in zip(positions, expected) where agrees {
                let value = format.bytes(
                    FloatFormat.f32.floats(try source.bytes(at: masterRange.lowerBound + 4 * position, count: 4)))
                agrees = value == bytes
            }
            if agrees { return candidate }
        }
        return nil
    }
}
