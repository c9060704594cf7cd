/// Energies of a tile's rows and columns, and the classes that follow from them.
struct TileEnergies: Sendable {
    var rows: SideEnergies
    var columns: SideEnergies

    static let middleClass = 24
    static let classCount = 40

    /// Fields of a tile in a step's header.
    struct Header: Sendable, Hashable {
        var rowSlope: UInt8
        var rowShift: Int16
        var columnSlope: UInt8
        var columnShift: Int16
    }

    var header: Header {
        Header(
            rowSlope: rows.slope, rowShift: rows.shift, columnSlope: columns.slope, columnShift: columns.shift)
    }

    static func symbolCount(_ tile: TransformTile) -> Int { rowCount(tile) + columnCount(tile) }

    private static func rowCount(_ tile: TransformTile) -> Int {
        SideEnergies.symbolCount(tile.left, across: tile.place.columns.count)
    }

    private static func columnCount(_ tile: TransformTile) -> Int {
        SideEnergies.symbolCount(tile.right, across: tile.place.rows.count)
    }

    /// - Parameters:
    ///   - values: coefficients in grid units, less what was added up before.
    ///   - scale: 1 / step.
    init(_ values: [Double], scale: Double, of tile: TransformTile) throws(CodecError) {
        let rowCount = tile.place.rows.count, columnCount = tile.place.columns.count
        var rowMeans = [Double](repeating: 0, count: rowCount), columnMeans = [Double](repeating: 0, count: columnCount)
        for i in 0..<rowCount {
            var sum = 0.0
            for j in 0..<columnCount {
                let size = values[i * columnCount + j] * scale
                sum += size * size
            }
            rowMeans[i] = sum / Double(max(1, columnCount))
        }
        rows = SideEnergies(tile.left, means: rowMeans, across: columnCount)
        // Columns against what the rows take over.
        let taken = try SideEnergies.energies(
            tile.left, slope: rows.slope, shift: rows.shift, symbols: rows.symbols[...])
        for i in 0..<rowCount {
            let factor = PowerTable.sixteenth(-8 * max(-2000, min(2000, taken[i])))
            for j in 0..<columnCount {
                let size = values[i * columnCount + j] * scale
                columnMeans[j] += size * size * factor
            }
        }
        for j in 0..<columnCount { columnMeans[j] /= Double(max(1, rowCount)) }
        columns = SideEnergies(tile.right, means: columnMeans, across: rowCount)
    }

    /// The class of every element, row by row.
    /// - Parameter symbols: `symbolCount` of them, rows first.
    static func classes(
        _ tile: TransformTile, _ header: Header, symbols: ArraySlice<Int32>
    ) throws(CodecError) -> [UInt8] {
        let first = rowCount(tile)
        let rows = try SideEnergies.energies(
            tile.left, slope: header.rowSlope, shift: header.rowShift, symbols: symbols.prefix(first))
        let columns = try SideEnergies.energies(
            tile.right, slope: header.columnSlope, shift: header.columnShift, symbols: symbols.dropFirst(first))
        return [UInt8](unsafeUninitializedCapacity: tile.place.count) { output, filled in
            var index = 0
            for row in rows {
                for column in columns {
                    let energy = max(0, min(classCount - 1, middleClass &+ row &+ column))
                    output[index] = UInt8(truncatingIfNeeded: energy)
                    index &+= 1
                }
            }
            filled = index
        }
    }
}
