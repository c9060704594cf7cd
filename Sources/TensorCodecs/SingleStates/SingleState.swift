/// A float tensor of an optimizer's state on its own: what neither a weight nor another step says anything about.
///
/// Its elements are units times the root of a rank-one matrix of their mean squares (`RankOneExponents`), quantized by one
/// step for all; or, where only the size counts, that matrix alone. `Docs/format-transform.md`, section 10, has the bytes.
package struct SingleState: Sendable {
    /// How a state is stored.
    enum Kind: UInt8 {
        /// Sizes: row and column exponents and nothing else.
        case sizes = 0
        /// The same, and what they leave over, element by element.
        case finerSizes = 1
        /// Levels in units of the root of row and column exponents.
        case scaled = 2
        /// Levels in units of 1: a vector.
        case plain = 3
    }

    var kind: Kind
    /// None of kind `plain`.
    var exponents: RankOneExponents?
    /// Quarter octaves of kind `finerSizes`.
    var residualStepSize: Int32 = 0
    /// Of kinds `scaled` and `plain`.
    var grid = TransformHeader.Moment()
    /// None of kind `sizes`.
    var levels: [Int32] = []
}

extension SingleState {
    /// The restored values, row by row, before they are rounded to their own type.
    func values(_ form: MatrixForm) -> [Float] {
        switch kind {
        case .sizes, .finerSizes:
            guard let exponents else { return [Float](repeating: 0, count: form.count) }
            guard kind == .finerSizes else { return exponents.values }
            return [Float](unsafeUninitializedCapacity: form.count) { output, filled in
                levels.withUnsafeBufferPointer {
                    exponents.restore(
                        residual: $0, stepSize: residualStepSize,
                        into: UnsafeMutableBufferPointer(rebasing: output[..<form.count]))
                }
                filled = form.count
            }
        case .scaled, .plain:
            return MomentUnits(exponents, form).restored(levels, grid)
        }
    }

    /// The restored bytes.
    /// - Throws: `.corrupt` where a value is beyond the format.
    package func bytes(_ form: MatrixForm, _ format: FloatFormat) throws(CodecError) -> [UInt8] {
        let bytes = format.bytes(values(form))
        guard !format.hasNonFinite(bytes) else { throw .corrupt("a state beyond the range of its type") }
        return bytes
    }
}
