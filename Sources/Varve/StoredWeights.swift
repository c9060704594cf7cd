import ChainArchive
import Checkpoints
import TensorCodecs
import TensorFiles

/// The restored weights of the step before, sampled for the proof of the pairing.
struct StoredWeights: WeightReference {
    let step: OpenStep
    let store: ScratchStore

    func sample(_ name: String, elementCount: Int, positions: [Int]) throws(VarveError) -> [Float]? {
        guard let index = step.weight(name) else { return nil }
        let record = step.manifest.tensors[index]
        guard record.count == elementCount, let format = record.dtype.floatFormat,
            let size = store.byteCount(.tensor(.weight(name))), size == record.byteCount
        else { return nil }
        let width = format.elementSize
        // Positions ascend, so runs of them are read together.
        var values: [Float] = []
        values.reserveCapacity(positions.count)
        var buffer = [UInt8](repeating: 0, count: Self.window * width)
        var start = 0, end = 0
        for position in positions {
            guard position >= 0, position < elementCount else { return nil }
            if position < start || position >= end {
                start = position
                end = min(elementCount, start + Self.window)
                let count = (end - start) * width, offset = start * width
                var failure: VarveError?
                let found = buffer.withUnsafeMutableBytes { raw -> Bool in
                    do throws(VarveError) {
                        return try store.read(
                            .tensor(.weight(name)), at: offset,
                            into: UnsafeMutableRawBufferPointer(rebasing: raw[..<count]))
                    } catch {
                        failure = error
                        return false
                    }
                }
                if let failure { throw failure }
                guard found else { return nil }
            }
            let offset = (position - start) * width
            values.append(contentsOf: format.floats(Array(buffer[offset..<offset + width])))
        }
        return values
    }

    /// Elements read at a time.
    private static let window = 1024
}
