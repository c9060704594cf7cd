import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Gathering by strides gives what indexing element by element gives.
@Suite struct ContentsTests {
    private let storage = [UInt8]((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31 + $0 >> 8) })

    private func file(_ tensor: StoredTensor) -> TensorFile {
        TensorFile(
            source: MemorySource([9, 9, 9] + storage), container: .torchZip,
            storages: [Storage(key: "0", fileOffset: 3, byteCount: UInt64(storage.count))], tensors: [tensor])
    }

    private func expected(_ tensor: StoredTensor) -> [UInt8] {
        let unit = tensor.dtype.bits / 8
        var result: [UInt8] = []
        for index in 0..<tensor.count {
            var rest = index
            var position = tensor.elementOffset
            for (size, stride) in zip(tensor.shape, tensor.strides).reversed() {
                position += rest % size * stride
                rest /= size
            }
            result += storage[position * unit..<(position + 1) * unit]
        }
        return result
    }

    @Test func randomViewsAreGathered() throws {
        var random = SplitMix64(seed: 5)
        var dense = 0
        for _ in 0..<400 {
            let dtype = [DType.u8, .bf16, .f32, .f64, .c128].randomElement(using: &random) ?? .u8
            let shape = (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            var strides = shape.map { _ in Int.random(in: 0...12, using: &random) }
            if Bool.random(using: &random) {  // a permutation of a contiguous one
                var next = 1
                for dimension in shape.indices.shuffled(using: &random) {
                    strides[dimension] = next
                    next *= max(1, shape[dimension])
                }
            }
            let tensor = StoredTensor(
                name: "t", dtype: dtype, shape: shape, strides: strides, storage: 0,
                elementOffset: Int.random(in: 0...5, using: &random))
            if tensor.isDense { dense += 1 }
            let file = file(tensor)
            let expected = expected(tensor)
            #expect(try file.contiguousBytes(of: tensor) == expected)
            for blockBytes in [1, 3, 64, 1 << 20] {
                var blocks: [[UInt8]] = []
                try file.forEachContiguousBlock(of: tensor, blockBytes: blockBytes) { (block) throws(VarveError) in
                    blocks.append(Array(block))
                }
                #expect(blocks.flatMap(\.self) == expected)
                #expect(blocks.dropLast().allSatisfy { $0.count == blockBytes })
                #expect(!blocks.contains([]))
            }
        }
        #expect(dense > 50)
    }

    @Test func denseViewsLieInTheirByteRange() throws {
        let tensor = StoredTensor(
            name: "t", dtype: .f32, shape: [3, 4], strides: [1, 3], storage: 0, elementOffset: 2)
        let file = file(tensor)
        #expect(file.byteRange(of: tensor) == 11..<59)
        let column = StoredTensor(name: "t", dtype: .f32, shape: [3], strides: [4], storage: 0, elementOffset: 2)
        #expect(file.byteRange(of: column) == nil)
    }

    @Test func fourBitElementsAreGatheredInPairs() throws {
        let rows = StoredTensor(name: "t", dtype: .f4, shape: [3, 4], strides: [8, 1], storage: 0, elementOffset: 2)
        #expect(
            try file(rows).contiguousBytes(of: rows) == [
                storage[1], storage[2], storage[5], storage[6], storage[9], storage[10],
            ])
        let halves = StoredTensor(name: "t", dtype: .f4, shape: [3, 2], strides: [1, 3], storage: 0, elementOffset: 0)
        #expect(throws: VarveError.self) { try file(halves).contiguousBytes(of: halves) }
    }

    @Test func expansionIsGatheredUpToALimit() throws {
        let small = StoredTensor(
            name: "t", dtype: .u8, shape: [1000, 2], strides: [0, 1], storage: 0, elementOffset: 4)
        #expect(try file(small).contiguousBytes(of: small) == (0..<1000).flatMap { _ in storage[4..<6] })
        let huge = StoredTensor(name: "t", dtype: .u8, shape: [1 << 40], strides: [0], storage: 0, elementOffset: 0)
        #expect(throws: VarveError.self) { try file(huge).contiguousBytes(of: huge) }
        #expect(throws: VarveError.self) { try file(huge).forEachContiguousBlock(of: huge) { _ in } }
    }

    @Test func anErrorOfTheBodyEndsTheReading() {
        let tensor = StoredTensor(name: "t", dtype: .u8, shape: [100], strides: [1], storage: 0, elementOffset: 0)
        var calls = 0
        #expect(throws: VarveError.self) {
            try file(tensor).forEachContiguousBlock(of: tensor, blockBytes: 10) { (_) throws(VarveError) in
                calls += 1
                if calls == 3 { throw VarveError(.interrupted, "enough") }
            }
        }
        #expect(calls == 3)
    }

    @Test func countsOfTensorsWithoutElementsDoNotOverflow() {
        let tensor = StoredTensor(
            name: "t", dtype: .f64, shape: [Int.max, Int.max, 0],
            strides: StoredTensor.rowMajorStrides([Int.max, Int.max, 0]),
            storage: 0, elementOffset: 0)
        #expect(tensor.count == 0)
        #expect(tensor.byteCount == 0)
        #expect(tensor.isDense && tensor.isContiguous)
    }
}
