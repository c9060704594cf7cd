import TensorCodecs
package import FileSystem

/// A state that is quantized on its own and taken over from a version of the step as it is: it refers to nothing.
package struct StoredState: StoredUnit {
    private let step: OpenStep
    private let index: Int
    /// Whether only its record is left: its bytes were forgotten.
    private let isDropped: Bool

    package init(_ index: Int, of step: OpenStep, isDropped: Bool) {
        self.index = index
        self.step = step
        self.isDropped = isDropped
    }

    package func unit() throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit(), record = step.manifest.tensors[index]
        if case .state(let location) = record.coding, !location.isDropped, !isDropped {
            result.states[0] = result.add(try step.read(location))
        }
        record.coding = .state(.dropped)
        record.statistics.rebased = ErrorMeasure()
        result.tensors = [record]
        result.sourceBytes = record.byteCount
        return result
    }
}
