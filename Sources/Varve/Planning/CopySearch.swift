import TensorFiles
import ChainArchive
import TensorCodecs
import FileSystem

/// Finds tensors of a step that are a weight's values under another name or in another type: second names of tied weights,
/// an EMA that has not left its weight yet, a master beside the model, a further full copy.
///
/// A sample decides here; every value is compared when the step is encoded.
struct CopySearch {
    private struct Key: Hashable {
        var count: Int
        var format: FloatFormat
        var sample: [UInt8]
    }

    private var weights: [Key: Int] = [:]

    /// Runs of elements that are read, and elements of each.
    private static let runs = 8, runLength = 8
    /// A sample of fewer different values proves nothing: weights start as zeros or ones.
    private static let fewestValues = 8

    /// Tensors of fewer elements are not looked at.
    static let fewestElements = 2 * fewestValues

    /// Whether a tensor can be in such a relation at all.
    static func isCandidate(_ tensor: PlannedTensor) -> Bool {
        tensor.dtype.floatFormat != nil && tensor.count >= fewestElements
            && tensor.range.count * 8 == tensor.count * tensor.dtype.bits
    }

    /// Position of the weight that was added first of those whose values, in its type, this tensor seems to have.
    /// - Throws: `.inputOutput`.
    func weight(of tensor: PlannedTensor) throws(VarveError) -> Int? {
        guard let (format, sample) = try Self.sample(tensor) else { return nil }
        return weights[Key(count: tensor.count, format: format, sample: sample)]
    }

    /// Lets later tensors be found as copies of this one.
    /// - Throws: `.inputOutput`.
    mutating func add(_ tensor: PlannedTensor, position: Int) throws(VarveError) {
        guard let (format, sample) = try Self.sample(tensor) else { return }
        for other in FloatFormat.allCases {
            let key = Key(count: tensor.count, format: other, sample: other.rounding(sample, of: format))
            if weights[key] == nil { weights[key] = position }
        }
    }

    /// Some elements; `nil` where they prove nothing.
    private static func sample(_ tensor: PlannedTensor) throws(VarveError) -> (FloatFormat, [UInt8])? {
        guard isCandidate(tensor), let format = tensor.dtype.floatFormat else { return nil }
        let size = format.elementSize, count = tensor.count
        let starts = (0..<runs).map { (count - runLength) * $0 / (runs - 1) }
        func range(_ start: Int) -> Range<UInt64> {
            let first = tensor.range.lowerBound + UInt64(start * size)
            return first..<first + UInt64(runLength * size)
        }
        for start in starts { tensor.source.prefetch(range(start)) }
        var sample: [UInt8] = []
        for start in starts {
            do throws(VarveError) {
                sample += try tensor.source.bytes(at: range(start).lowerBound, count: runLength * size)
            } catch {
                throw error.at(tensor: tensor.identity.name)
            }
        }
        guard Set(format.floats(sample).map(\.bitPattern)).count >= fewestValues else { return nil }
        return (format, sample)
    }
}
