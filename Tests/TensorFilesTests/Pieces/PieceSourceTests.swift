import FileSystem
import Testing
import VarveTestSupport

@testable import TensorFiles

/// Tensors cut into pieces at random, gathered and taken apart again.
@Suite struct PieceSourceTests {
    /// A tensor in pieces of some files; what lies between the pieces is 0xEE.
    private struct Cut {
        var tensor: LogicalTensor
        var bytes: [UInt8]
        var files: [[UInt8]]

        init(_ shape: [Int], _ random: inout SplitMix64, files fileCount: Int = 3) throws {
            let count = shape.reduce(1, *)
            let bytes = random.bytes(4 * count)
            var files: [[UInt8]] = Array(repeating: [0xEE, 0xEE, 0xEE], count: fileCount)
            var pieces: [TensorPiece] = []
            for box in Cut.boxes(Placement(whole: shape), depth: 4, &random) {
                for placement in Cut.runs(box, &random) {
                    let file = Int.random(in: 0..<fileCount, using: &random)
                    pieces.append(TensorPiece(file: file, offset: UInt64(files[file].count), placement: placement))
                    files[file] += Cut.elements(placement, shape).flatMap { Array(bytes[4 * $0..<4 * $0 + 4]) }
                    files[file] += [UInt8](repeating: 0xEE, count: Int.random(in: 0..<5, using: &random))
                }
            }
            pieces.shuffle(using: &random)
            self.bytes = bytes
            self.files = files
            tensor = try LogicalTensor(name: "w", dtype: .f32, shape: shape, pieces: pieces, file: "metadata")
        }

        /// Cuts a box in two at random places, again and again.
        private static func boxes(_ box: Placement, depth: Int, _ random: inout SplitMix64) -> [Placement] {
            let dimensions = box.sizes.indices.filter { box.sizes[$0] > 1 }
            guard depth > 0, let dimension = dimensions.randomElement(using: &random), random.uniform() < 0.8 else {
                return [box]
            }
            let at = Int.random(in: 1..<box.sizes[dimension], using: &random)
            var (left, right) = (box.sizes, box.sizes)
            var offsets = box.offsets
            left[dimension] = at
            right[dimension] -= at
            offsets[dimension] += at
            return boxes(Placement(offsets: box.offsets, sizes: left), depth: depth - 1, &random)
                + boxes(Placement(offsets: offsets, sizes: right), depth: depth - 1, &random)
        }

        private static func runs(_ box: Placement, _ random: inout SplitMix64) -> [Placement] {
            guard box.volume > 1, random.uniform() < 0.5 else { return [box] }
            let at = Int.random(in: 1..<box.volume, using: &random)
            return [0..<at, at..<box.volume].map { Placement(offsets: box.offsets, sizes: box.sizes, range: $0) }
        }

        /// Row-major indices of a piece's elements, one by one.
        static func elements(_ placement: Placement, _ shape: [Int]) -> [Int] {
            placement.range.map { index in
                var (rest, position, stride) = (index, 0, 1)
                for dimension in shape.indices.reversed() {
                    position += (placement.offsets[dimension] + rest % placement.sizes[dimension]) * stride
                    rest /= placement.sizes[dimension]
                    stride *= shape[dimension]
                }
                return position
            }
        }

        var sources: [Int: any ByteSource] {
            Dictionary(
                uniqueKeysWithValues: files.enumerated().map {
                    ($0.offset, MemorySource($0.element, name: "file \($0.offset)"))
                })
        }
    }

    private static let shapes: [[Int]] = [[], [1], [7], [5, 3], [4, 1, 6], [3, 4, 5], [2, 3, 2, 3], [40, 17]]

    @Test(arguments: shapes) func anyPartOfATensorIsGathered(shape: [Int]) throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<40 {
            let cut = try Cut(shape, &random)
            let source = try PieceSource(name: "step", [cut.tensor], in: cut.sources)
            #expect(try source.bytes(at: 0, count: cut.bytes.count) == cut.bytes)
            for _ in 0..<10 {
                let start = Int.random(in: 0...cut.bytes.count, using: &random)
                let end = Int.random(in: start...cut.bytes.count, using: &random)
                #expect(try source.bytes(at: UInt64(start), count: end - start) == Array(cut.bytes[start..<end]))
            }
        }
    }

    @Test(arguments: shapes) func takenApartItIsTheFilesAgain(shape: [Int]) throws {
        var random = SplitMix64(seed: 6)
        for _ in 0..<40 {
            let cut = try Cut(shape, &random)
            var files = cut.files.map { [UInt8](repeating: 0xEE, count: $0.count) }
            var start = 0
            while start < cut.bytes.count {
                let end = min(cut.bytes.count, start + Int.random(in: 1...50, using: &random))
                try cut.bytes[start..<end].withUnsafeBytes { bytes in
                    try cut.tensor.layout.scatter(bytes, from: start) { (file, offset, part) throws(VarveError) in
                        files[file].replaceSubrange(Int(offset)..<Int(offset) + part.count, with: part)
                    }
                }
                start = end
            }
            #expect(files == cut.files)
        }
    }

    @Test func tensorsFollowOneAnotherAtMultiplesOf64() throws {
        var random = SplitMix64(seed: 7)
        let cuts = try [[3], [0], [5, 5]].map { try Cut($0, &random, files: 1) }
        var tensors: [LogicalTensor] = []
        for (index, cut) in cuts.enumerated() {
            let pieces = cut.tensor.pieces.map { TensorPiece(file: index, offset: $0.offset, placement: $0.placement) }
            tensors.append(
                try LogicalTensor(name: "\(index)", dtype: .f32, shape: cut.tensor.shape, pieces: pieces, file: ""))
        }
        let source = try PieceSource(
            name: "step", tensors,
            in: Dictionary(
                uniqueKeysWithValues: cuts.enumerated().compactMap { cut in
                    cut.element.sources[0].map { (cut.offset, $0) }
                }))
        #expect(source.starts == [0, 64, 64])
        let all = try source.bytes(at: 0, count: Int(source.byteCount))
        #expect(Array(all[0..<12]) == cuts[0].bytes)
        #expect(Array(all[12..<64]) == [UInt8](repeating: 0, count: 52))
        #expect(Array(all[64..<164]) == cuts[2].bytes)
    }

    @Test func aPieceBeyondItsFileIsNamed() throws {
        let tensor = try LogicalTensor(
            name: "w", dtype: .f32, shape: [4],
            pieces: [TensorPiece(file: 0, offset: 8, placement: Placement(whole: [4]))], file: "metadata")
        let error = #expect(throws: VarveError.self) {
            try PieceSource(
                name: "step", [tensor], in: [0: MemorySource([UInt8](repeating: 0, count: 23), name: "rank0")])
        }
        #expect(error?.code == .truncated)
        #expect(error?.location == .init(file: "rank0", offset: 8, tensor: "w"))
    }
}
