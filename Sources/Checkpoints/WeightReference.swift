package import TensorFiles

/// The weights of the step before, for proving by the data which optimizer state belongs to which weight.
package protocol WeightReference: Sendable {
    /// The values at the given element positions (storage order) of a weight, as Float; `nil` where the step before
    /// had no weight of that name and element count.
    func sample(_ name: String, elementCount: Int, positions: [Int]) throws(VarveError) -> [Float]?
}
