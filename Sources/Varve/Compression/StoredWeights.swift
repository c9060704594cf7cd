import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// The restored weights of the step before, sampled for the proof of the pairing.
struct StoredWeights: PreviousWeights {
    let step: OpenStep
    let store: ScratchStore

    func sample(_ name: String, elementCount: Int, runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        guard let format = format(name, elementCount) else { return nil }
        var values: [Float] = []
        values.reserveCapacity(runs.reduce(0) { $0 + $1.count })
        for run in runs {
            guard run.lowerBound >= 0, run.upperBound <= elementCount,
                let bytes = try store.get(.tensor(.weight(name)), bytes(run, format))
            else { return nil }
            values += format.floats(bytes)
        }
        return values
    }

    func prefetch(_ name: String, elementCount: Int, runs: [Range<Int>]) {
        guard let format = format(name, elementCount) else { return }
        for run in runs { store.prefetch(.tensor(.weight(name)), bytes(run, format)) }
    }

    private func bytes(_ run: Range<Int>, _ format: FloatFormat) -> Range<Int> {
        run.lowerBound * format.elementSize..<run.upperBound * format.elementSize
    }

    /// The type of a weight that is there with so many elements.
    private func format(_ name: String, _ elementCount: Int) -> FloatFormat? {
        guard let index = step.weight(name) else { return nil }
        let record = step.manifest.tensors[index]
        guard record.count == elementCount, let format = record.dtype.floatFormat,
            let size = store.byteCount(.tensor(.weight(name))), size == record.byteCount
        else { return nil }
        return format
    }
}
