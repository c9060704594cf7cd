/// Coding of float32 words against predictions by fixed-point residuals (`Docs/format-lossless.md`).
///
/// Prediction and element are taken to a grid of about an eighth of the expected deviation, or as fine as the format
/// allows. The difference of their cells is entropy coded, what lies below the grid is raw. Everything is integer
/// arithmetic.
enum ResidualKernel {
    /// Cells are this many octaves below the expected deviation.
    private static let fineness: Int32 = 3
    static let sizes: ClosedRange<Int32> = -126...100
    /// Larger elements are escapes: their cells would not fit.
    static let largestShift: Int32 = 4

    /// How an element's class follows from what is known of it.
    enum Classes {
        /// By the deviation in units of the cell, quarter octaves: what matters where the format's own grid is coarse.
        case byPrecision
        /// Four times the context plus the scale's fraction of an octave.
        case byContext
    }

    /// Exponents of cell sizes, the predictions' signed cells and the classes of elements.
    struct Prepared {
        var sizes: IntLanes
        var cells: IntLanes
        var classes: IntLanes
    }

    @inline(__always)
    static func prepare<Grid: FloatGrid>(
        _ block: ResidualBlock, _ position: Int, _ grid: Grid.Type, _ rule: Classes
    ) -> Prepared {
        let predictions = Lanes.load(block.predictions, position)
        let scales = Lanes.load(block.scales, position)
        let exponents = FloatWord.exponents(FloatWord.fields(predictions))
        let wanted = Lanes.max((scales &>> Lanes.all(2)) &- Lanes.all(fineness), Grid.quantum(exponents))
        let sizes = Lanes.min(Lanes.max(wanted, sizes.lowerBound), sizes.upperBound)
        let cells = FloatWord.signed(FloatWord.cells(predictions, exponents, sizes), predictions)
        let classes: IntLanes =
            switch rule {
            case .byPrecision:
                Lanes.min(Lanes.max(scales &- (sizes &<< Lanes.all(2)), -16), 15) &+ Lanes.all(16)
            case .byContext: (Lanes.load(block.contexts, position) &<< Lanes.all(2)) &+ (scales & Lanes.all(3))
            }
        return Prepared(sizes: sizes, cells: cells, classes: classes)
    }
}
