import TensorCodecs
import TensorFiles

/// Where a tensor lies, as a step's manifest has it.
///
/// Numbers of a piece are differences from those of the piece before, because shards are alike.
extension TensorPieces {
    func write(to writer: inout ManifestWriter) {
        if let run {
            writer.integer(0)
            writer.integer(run.file)
            writer.integer(run.range.lowerBound)
            return
        }
        let all = all
        writer.integer(all.count)
        var before = Self.first(shape: shape)
        for piece in all {
            let (own, last) = (piece.placement, before.placement)
            writer.difference(piece.file, before.file)
            writer.signed(Int64(bitPattern: piece.offset &- before.offset))
            for (size, other) in zip(own.offsets + own.sizes, last.offsets + last.sizes) {
                writer.difference(size, other)
            }
            writer.difference(own.range.lowerBound, own.expectedStart(after: last))
            writer.integer(own.volume - own.range.upperBound)
            before = piece
        }
    }

    init(from reader: inout ManifestReader, of name: String, dtype: DType, shape: [Int]) throws(CodecError) {
        let count = try reader.integer()
        guard count > 0 else {
            let file = try reader.integer(), offset = try reader.unsigned()
            let byteCount = (shape.reduce(1, *) * dtype.bits + 7) / 8
            guard !offset.addingReportingOverflow(UInt64(byteCount)).overflow else {
                throw CodecError(.corrupt, "\(name) lies beyond any file")
            }
            self.init(file: file, offset: offset, byteCount: byteCount)
            return
        }
        guard dtype.bits % 8 == 0, shape.count <= LogicalTensor.mostDimensions,
            LogicalTensor.count(shape, bits: dtype.bits) != nil, count <= reader.input.remaining,
            count <= reader.pieces.count
        else { throw CodecError(.corrupt, "\(name) cannot lie in pieces") }
        reader.pieces.count -= count
        var pieces: [TensorPiece] = []
        var before = Self.first(shape: shape)
        for _ in 0..<count {
            let file = try reader.sum(before.file)
            let offset = before.offset &+ UInt64(bitPattern: try reader.signed())
            var numbers: [Int] = []
            for number in before.placement.offsets + before.placement.sizes { numbers.append(try reader.sum(number)) }
            var placement = Placement(
                offsets: before.placement.offsets.shared(numbers.prefix(shape.count)),
                sizes: before.placement.sizes.shared(numbers.dropFirst(shape.count)), range: 0..<0)
            if let fault = placement.fault(in: shape) { throw CodecError(.corrupt, "\(name): \(fault)") }
            let start = try reader.sum(placement.expectedStart(after: before.placement))
            let rest = try reader.integer(), volume = placement.volume
            guard start >= 0, rest <= volume, start <= volume - rest, file >= 0 else {
                throw CodecError(.corrupt, "a piece of \(name) is impossible")
            }
            placement.range = start..<volume - rest
            before = TensorPiece(file: file, offset: offset, placement: placement)
            pieces.append(before)
        }
        do throws(PieceFault) {
            try self.init(shape: shape, elementBytes: dtype.bits / 8, pieces: pieces, budget: &reader.pieces)
        } catch {
            throw CodecError(.corrupt, "\(name): \(error.message)")
        }
        // What holds nothing is not written, and one run is written as such.
        guard all.count == count, run == nil else { throw CodecError(.corrupt, "\(name) has pieces without elements") }
    }

    /// What the first piece is compared with: nothing of the whole tensor.
    private static func first(shape: [Int]) -> TensorPiece {
        TensorPiece(file: 0, offset: 0, placement: Placement(0..<0, of: shape))
    }
}

extension [Int] {
    /// The same numbers, in this array's memory where it has them.
    fileprivate func shared(_ numbers: ArraySlice<Int>) -> [Int] { elementsEqual(numbers) ? self : Array(numbers) }
}

extension Placement {
    /// Where the piece after `last` begins if it goes on in the same box, or at the beginning of another.
    fileprivate func expectedStart(after last: Placement) -> Int {
        offsets == last.offsets && sizes == last.sizes ? last.range.upperBound : 0
    }
}

extension ManifestWriter {
    fileprivate mutating func difference(_ value: Int, _ before: Int) { signed(Int64(value - before)) }
}

extension ManifestReader {
    /// A number of which the difference from another is stored.
    fileprivate mutating func sum(_ before: Int) throws(CodecError) -> Int {
        let (sum, overflow) = before.addingReportingOverflow(Int(try signed()))
        guard !overflow else { throw CodecError(.corrupt, "an integer is out of range") }
        return sum
    }
}
