package import FileSystem
package import TensorFiles

/// Weights kept outside of the archive (`--base`): what the residuals of a first step refer to.
package protocol BaseWeights: Sendable {
    /// The bytes of a weight in storage order, `nil` where the base has none of that name.
    func weight(_ name: String) throws(VarveError) -> [UInt8]?

    /// Whether the weight of that name has this type and shape.
    func hasForm(_ name: String, dtype: DType, shape: [Int]) -> Bool

    /// The same weights under the names that an archive has for them.
    /// - Parameter recorded: the names of all of them, in the archive.
    func named(_ recorded: Set<String>) -> any BaseWeights
}
