/// Floating-point formats whose values the lossy methods work on. Raw values are stored in archives.
package enum FloatFormat: UInt8, Sendable, Hashable, CaseIterable {
    case f32 = 0, bf16 = 1, f16 = 2, f64 = 3

    /// Bytes per element.
    package var elementSize: Int {
        switch self {
        case .bf16, .f16: 2
        case .f32: 4
        case .f64: 8
        }
    }
}
