import Checkpoints
import TensorFiles

extension Inspection {
    /// The tensors of a step that were put together from pieces of its files.
    public struct Pieces: Sendable, Codable {
        /// Tensors that are cut alike.
        public struct Cut: Sendable, Codable {
            /// The number of such tensors.
            public var tensors: Int
            /// The dimensions they are cut along, counted from 0; empty where they are not cut, or only flat.
            public var dimensions: [Int]
            /// Whether their elements are cut in row-major order, wherever that ends within a row.
            public var flat: Bool
            /// How often each piece is kept; `nil` where some are kept more often than others.
            public var copies: Int?
        }

        /// The number of tensors, those in one piece too.
        public var tensors: Int
        /// The number of pieces that hold their elements once.
        public var pieces: Int
        /// The number of pieces that repeat one of those.
        public var replicas: Int
        /// The number of files that have pieces.
        public var files: Int
        /// What to call the framework's layout; `nil` where names of files alone tell nothing of a framework.
        public var layout: String?
        /// How the tensors are cut: first those along dimensions, then the flat ones, then those in one piece.
        public var cut: [Cut]

        /// `nil` where every tensor is in one piece, and nowhere else.
        init?(_ assembly: Assembly, layout: String?) {
            let tensors = assembly.tensors.map(\.layout)
            guard tensors.contains(where: { $0.all.count > 1 }) else { return nil }
            self.tensors = tensors.count
            pieces = tensors.reduce(0) { $0 + $1.pieces.count }
            replicas = tensors.reduce(0) { $0 + $1.replicas.count }
            files = Set(tensors.flatMap { $0.all.map(\.file) }).count
            self.layout = layout
            var counts: [PieceCut: Int] = [:]
            for tensor in tensors { counts[PieceCut(tensor), default: 0] += 1 }
            cut = counts.sorted { Self.precedes($0.key, $1.key) }.map {
                Cut(tensors: $1, dimensions: $0.dimensions, flat: $0.isFlat, copies: $0.copies)
            }
        }

        private static func precedes(_ left: PieceCut, _ right: PieceCut) -> Bool {
            func rank(_ cut: PieceCut) -> [Int] {
                [cut.isWhole ? 1 : 0, cut.isFlat ? 1 : 0, cut.dimensions.count] + cut.dimensions + [cut.copies ?? 0]
            }
            return rank(left).lexicographicallyPrecedes(rank(right))
        }
    }
}
