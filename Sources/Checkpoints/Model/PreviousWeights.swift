package import FileSystem

/// The weights of the step before, for proving by the data which optimizer state belongs to which weight.
package protocol PreviousWeights: Sendable {
    /// The values of ascending runs of elements (storage order) of a weight, as Float; `nil` where the step before had no
    /// weight of that name and element count.
    func sample(_ name: String, elementCount: Int, runs: [Range<Int>]) throws(VarveError) -> [Float]?
    /// Says that `sample` will be asked for these: what is not in memory is on its way by then.
    func prefetch(_ name: String, elementCount: Int, runs: [Range<Int>])
}
