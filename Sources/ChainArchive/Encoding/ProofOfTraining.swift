package import TensorCodecs

/// Whether a tensor's contents say that it is a trained weight, where no optimizer state does.
///
/// A counter, a mask or a table of constants is lost where it is off by a little; a weight is not. Nothing here proves that a
/// tensor is trained, so whatever may be something else counts as not trained and is stored exactly.
package struct ProofOfTraining {
    private let values: [Float]
    private let shape: [Int]
    private let form: MatrixForm

    package init(_ bytes: [UInt8], format: FloatFormat, shape: [Int]) {
        values = format.floats(bytes)
        self.shape = shape
        form = MatrixForm(shape)
    }

    /// Vectors below this size are biases, norms, statistics, scales and counters alike, and cost little when exact.
    private static let smallestVector = 1 << 16
    /// Values of a mask, of one-hot rows or of a ternary table.
    private static let fewValues = 16
    /// Of fewer elements few values are no sign.
    private static let enoughElements = 64
    /// A shorter series is in order by chance.
    private static let shortestSeries = 8
    /// What counts as a row of a large vector.
    private static let vectorRow = 256

    /// Whether the values, by themselves, can be those of a trained weight.
    package var looksLikeWeight: Bool {
        let isVector = shape.filter { $0 > 1 }.count < 2
        if isVector && values.count < Self.smallestVector { return false }
        return !hasOnlyIntegers && !hasFewValues && !isSeries
    }

    /// Whether most elements or most rows differ from `before`.
    /// - Parameters:
    ///   - bytes: the tensor now.
    ///   - before: the tensor in the step before, as many bytes.
    package static func hasMoved(_ bytes: [UInt8], since before: [UInt8], format: FloatFormat, shape: [Int]) -> Bool {
        let form = MatrixForm(shape)
        let width = (form.isVector ? vectorRow : form.columns) * format.elementSize
        guard bytes.count == before.count, width > 0 else { return false }
        let changed = count(bytes, before, format, rowBytes: width)
        return 2 * changed.elements > bytes.count / format.elementSize
            || 2 * changed.rows > (bytes.count + width - 1) / width
    }

    /// Whether few elements differ from `before`, and most rows have one: a transform would spread them over all others.
    package static func isScattered(_ bytes: [UInt8], since before: [UInt8], format: FloatFormat, form: MatrixForm)
        -> Bool
    {
        let width = form.columns * format.elementSize
        guard bytes.count == before.count, width > 0, !form.isVector else { return false }
        let changed = count(bytes, before, format, rowBytes: width)
        return fewest * changed.elements <= form.count && 2 * changed.rows > form.rows
    }

    /// One in so many elements: at one in twenty a transformed change took a third more than an exact one.
    private static let fewest = 16

    private static func count(
        _ bytes: [UInt8], _ before: [UInt8], _ format: FloatFormat, rowBytes: Int
    ) -> (elements: Int, rows: Int) {
        bytes.withUnsafeBytes { now in
            before.withUnsafeBytes { before in
                switch format.elementSize {
                case 2: changes(now, before, of: UInt16.self, rowBytes: rowBytes)
                case 4: changes(now, before, of: UInt32.self, rowBytes: rowBytes)
                default: changes(now, before, of: UInt64.self, rowBytes: rowBytes)
                }
            }
        }
    }

    private static func changes<Word: FixedWidthInteger>(
        _ now: UnsafeRawBufferPointer, _ before: UnsafeRawBufferPointer, of type: Word.Type, rowBytes: Int
    ) -> (elements: Int, rows: Int) {
        let size = MemoryLayout<Word>.size
        var elements = 0, rows = 0
        for start in stride(from: 0, to: now.count, by: rowBytes) {
            var inRow = 0
            for position in stride(from: start, to: min(start + rowBytes, now.count), by: size) {
                let isSame =
                    now.loadUnaligned(fromByteOffset: position, as: type)
                    == before.loadUnaligned(fromByteOffset: position, as: type)
                inRow += isSame ? 0 : 1
            }
            elements += inRow
            rows += inRow > 0 ? 1 : 0
        }
        return (elements, rows)
    }

    private var hasOnlyIntegers: Bool { values.allSatisfy { $0 == $0.rounded(.towardZero) } }

    private var hasFewValues: Bool {
        guard values.count >= Self.enoughElements else { return false }
        var seen: [UInt32] = []
        for value in values where !seen.contains(value.bitPattern) {
            guard seen.count < Self.fewValues else { return false }
            seen.append(value.bitPattern)
        }
        return true
    }

    /// Whether the values rise or fall throughout: as a whole, in every row, or in every column.
    private var isSeries: Bool {
        let (count, columns) = (values.count, form.columns)
        if count >= Self.shortestSeries, isMonotone(1..<count, distance: 1, rowLength: nil) { return true }
        guard !form.isVector, columns > 0 else { return false }
        if columns >= Self.shortestSeries, isMonotone(1..<count, distance: 1, rowLength: columns) { return true }
        return count / columns >= Self.shortestSeries
            && isMonotone(columns..<count, distance: columns, rowLength: nil)
    }

    /// Whether each element is at least, or each is at most, the one `distance` before it; where rows have a length, pairs
    /// across their ends do not count.
    private func isMonotone(_ range: Range<Int>, distance: Int, rowLength: Int?) -> Bool {
        var rises = true, falls = true
        for index in range {
            if let rowLength, index % rowLength == 0 { continue }
            if values[index] < values[index - distance] { rises = false }
            if values[index] > values[index - distance] { falls = false }
            if !rises && !falls { return false }
        }
        return true
    }
}
