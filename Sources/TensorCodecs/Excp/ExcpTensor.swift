/// The quantized roles of one parameter. Masks are nested: a moment's index is nonzero only where the weight's is, and
/// the second moment's exactly where the first's is.
package struct ExcpTensor: Sendable, Hashable {
    package var weight: ExcpRole
    package var first: ExcpRole?
    package var second: ExcpRole?

    package init(weight: ExcpRole, first: ExcpRole? = nil, second: ExcpRole? = nil) {
        self.weight = weight
        self.first = first
        self.second = second
    }

    /// Elements per role.
    package var count: Int { weight.indices.count }
}
