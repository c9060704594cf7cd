/// A pattern of tensors' names, as shells have them for files: `*` stands for any characters, points among them, `?` for one, and
/// `[a-c]` or `[!a-c]` for one of a set or outside of it.
public struct NamePattern: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case anything
        case one(of: [ClosedRange<UInt32>], isInverted: Bool)

        func fits(_ scalar: UInt32) -> Bool {
            guard case .one(let ranges, let isInverted) = self else { return false }
            return ranges.contains { $0.contains(scalar) } != isInverted
        }
    }

    /// The pattern as it was written.
    public let text: String
    private let pieces: [Piece]

    /// A bracket without its end stands for itself.
    public init(_ text: String) {
        self.text = text
        var rest = ArraySlice(text.unicodeScalars.map(\.value)), pieces: [Piece] = []
        while let scalar = rest.popFirst() {
            switch Unicode.Scalar(scalar) {
            case "*": pieces.append(.anything)
            case "?": pieces.append(.one(of: [], isInverted: true))
            case "[": pieces.append(Self.set(&rest) ?? .one(of: [scalar...scalar], isInverted: false))
            default: pieces.append(.one(of: [scalar...scalar], isInverted: false))
            }
        }
        self.pieces = pieces
    }

    /// What stands behind an opening bracket, taken off the rest; `nil`, and nothing taken, if no bracket closes it.
    private static func set(_ rest: inout ArraySlice<UInt32>) -> Piece? {
        var inner = rest
        let isInverted = inner.first == 0x21  // !
        if isInverted { inner.removeFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        while let first = inner.popFirst() {
            // A bracket that comes first belongs to the set.
            if first == 0x5D, !ranges.isEmpty {  // ]
                rest = inner
                return .one(of: ranges, isInverted: isInverted)
            }
            guard inner.first == 0x2D, let last = inner.dropFirst().first, last != 0x5D else {  // -
                ranges.append(first...first)
                continue
            }
            inner.removeFirst(2)
            ranges.append(min(first, last)...max(first, last))
        }
        return nil
    }

    /// Whether the whole name fits. It takes at most as many comparisons as pattern and name have characters, multiplied.
    public func matches(_ name: String) -> Bool {
        let scalars = name.unicodeScalars.map(\.value)
        var piece = 0, position = 0
        // The last `*`, and where what follows it was last tried.
        var star: (piece: Int, position: Int)?
        while position < scalars.count {
            if piece < pieces.count, pieces[piece] == .anything {
                star = (piece, position)
                piece += 1
            } else if piece < pieces.count, pieces[piece].fits(scalars[position]) {
                (piece, position) = (piece + 1, position + 1)
            } else if let last = star {
                star = (last.piece, last.position + 1)
                (piece, position) = (last.piece + 1, last.position + 1)
            } else {
                return false
            }
        }
        return pieces[piece...].allSatisfy { $0 == .anything }
    }
}
