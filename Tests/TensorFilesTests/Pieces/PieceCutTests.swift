import TensorFiles
import Testing

/// What pieces say of how their tensor was cut.
@Suite struct PieceCutTests {
    /// - Parameter ranges: a run of each box; all of it where there are none.
    private func cut(_ boxes: [(offsets: [Int], sizes: [Int])], _ ranges: [Range<Int>] = []) throws -> PieceCut {
        let pieces = boxes.enumerated().map { index, box in
            let whole = Placement(offsets: box.offsets, sizes: box.sizes)
            let placement =
                ranges.isEmpty ? whole : Placement(offsets: box.offsets, sizes: box.sizes, range: ranges[index])
            return TensorPiece(file: index, offset: 0, placement: placement)
        }
        var budget = PieceBudget(count: 100)
        return PieceCut(try TensorPieces(shape: [4, 6], elementBytes: 4, pieces: pieces, budget: &budget))
    }

    @Test func boxesAreCutAlongDimensions() throws {
        let rows = try cut([([0, 0], [1, 6]), ([1, 0], [3, 6])])
        #expect(rows.dimensions == [0] && !rows.isFlat && rows.copies == 1 && !rows.isWhole)
        let quarters = try cut([([0, 0], [2, 3]), ([0, 3], [2, 3]), ([2, 0], [2, 3]), ([2, 3], [2, 3])])
        #expect(quarters.dimensions == [0, 1] && !quarters.isFlat)
    }

    @Test func runsAreFlat() throws {
        let all = (offsets: [0, 0], sizes: [4, 6])
        let flat = try cut([all, all], [0..<7, 7..<24])
        #expect(flat.dimensions.isEmpty && flat.isFlat && !flat.isWhole)
        let both = try cut([([0, 0], [2, 6]), ([0, 0], [2, 6]), ([2, 0], [2, 6])], [0..<5, 5..<12, 0..<12])
        #expect(both.dimensions == [0] && both.isFlat)
    }

    @Test func repetitionsAreCounted() throws {
        let all = (offsets: [0, 0], sizes: [4, 6])
        let whole = try cut([all, all, all])
        #expect(whole.isWhole && whole.copies == 3)
        #expect(try cut([([0, 0], [2, 6]), ([0, 0], [2, 6]), ([2, 0], [2, 6])]).copies == nil)
    }
}
