/// What every index of a weight adds to its predecessor.
package struct ResidualTable: Sendable {
    /// 256 values, so that any index is in range.
    let values: [Float]

    package init(_ codebook: [Float]) {
        // x + -0 is x, bit for bit, for every finite x; x + 0 is not where x is -0.
        values = ExcpRole.table(codebook, pruned: -0.0)
    }
}
