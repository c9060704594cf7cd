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
        SideEnergies.symbolCount(tile.left, across: tile.region.columns.count)
    }

    private static func columnCount(_ tile: TransformTile) -> Int {
        SideEnergies.symbolCount(tile.right, across: tile.region.rows.count)
    }

    /// - Parameters:
    ///   - values: coefficients in grid units, less what was added up before.
    ///   - rowSums: for every row the sum of its squared sizes in steps.
    ///   - scale: 1 / step.
    init(_ values: [Double], rowSums: [Double], scale: Double, of tile: TransformTile) throws(CodecError) {
        let rowCount = tile.region.rows.count, columnCount = tile.region.columns.count
        rows = SideEnergies(
            tile.left, means: rowSums.map { $0 / Double(max(1, columnCount)) }, across: columnCount)
        // Columns against what the rows take over.
        let taken = try SideEnergies.energies(
            tile.left, slope: rows.slope, shift: rows.shift, symbols: rows.symbols[...])
        var columnMeans = [Double](repeating: 0, count: columnCount)
        columnMeans.withUnsafeMutableBufferPointer { means in
            values.withUnsafeBufferPointer { values in
                for i in 0..<rowCount {
                    let factor = PowerTable.sixteenth(-8 * max(-2000, min(2000, taken[i])))
                    let line = UnsafeBufferPointer(rebasing: values[i * columnCount..<(i + 1) * columnCount])
                    for j in 0..<columnCount {
                        let size = line[j] * scale
                        means[j] += size * size * factor
                    }
                }
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
        // Exponents of values are below 2^17, so these sums are far from the end of Int32.
        let limit = 1 << 28
        let across = columns.map { Int32(truncatingIfNeeded: max(-limit, min(limit, $0))) }
        return [UInt8](unsafeUninitializedCapacity: tile.region.count) { output, filled in
            across.withUnsafeBufferPointer { across in
                var start = 0
                for row in rows {
                    let middle = Int32(truncatingIfNeeded: max(-limit, min(limit, middleClass &+ row)))
                    let line = UnsafeMutableBufferPointer(rebasing: output[start..<start + across.count])
                    for j in 0..<across.count {
                        let energy = max(0, min(Int32(classCount - 1), middle &+ across[j]))
                        line[j] = UInt8(truncatingIfNeeded: energy)
                    }
                    start += across.count
                }
                filled = start
            }
        }
    }
}
