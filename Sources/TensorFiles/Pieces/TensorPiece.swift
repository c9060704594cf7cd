/// A run of bytes in a file that holds elements of a tensor, in row-major order of its box and without gaps.
package struct TensorPiece: Sendable, Hashable {
    /// Index of the file among those of the step.
    package var file: Int
    /// First byte in the file.
    package var offset: UInt64
    package var placement: Placement

    package init(file: Int, offset: UInt64, placement: Placement) {
        self.file = file
        self.offset = offset
        self.placement = placement
    }
}
