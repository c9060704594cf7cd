import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What a torch pickle says about tensors, and what of it is refused.
@Suite struct TorchRulesTests {
    /// A file whose root is what `body` writes, with a storage `0` of 24 bytes.
    private func file(
        bytes: [UInt8] = [UInt8](0..<24), byteOrder: String = "little", _ body: (inout PickleWriter) -> Void
    ) throws(VarveError) -> TensorFile {
        var writer = PickleWriter()
        body(&writer)
        let zip = TorchMaker.zip(pickle: writer.finished(), storages: [("0", bytes)], byteOrder: byteOrder)
        guard let file = try TensorFile.open(MemorySource(zip)) else {
            throw VarveError(.unsupported, "not recognised")
        }
        return file
    }

    private func refusal(_ body: (inout PickleWriter) -> Void) -> VarveError? {
        do throws(VarveError) { _ = try file(body) } catch { return error }
        return nil
    }

    @Test func aTensorBeyondItsStorageIsRefusedByName() {
        let shapes: [(offset: Int, shape: [Int], strides: [Int])] = [
            (0, [7], [1]), (1, [6], [1]), (0, [2, 4], [4, 1]), (0, [2], [6]), (6, [], []), (0, [2], [Int.max]),
            (0, [Int.max], [1]), (0, [Int.max, 2], [0, 0]), (0, [1 << 61], [0]), (Int.max, [1], [1]),
            (Int.max, [2], [1]),
        ]
        for (offset, shape, strides) in shapes {
            let error = refusal { writer in
                writer.dict([("model", 0)]) { writer, _ in
                    writer.dict([("w.x", 0)]) { writer, _ in
                        writer.tensor(storage: "0", count: 6, offset: offset, shape: shape, strides: strides)
                    }
                }
            }
            #expect(error?.code == .malformed, "\(offset) \(shape) \(strides)")
            #expect(error?.location.tensor == "model.w.x")
        }
    }

    @Test func negativeSizesStridesAndOffsetsAreRefused() {
        for (offset, shape, strides) in [
            (-1, [1], [1]), (0, [-1], [1]), (0, [2], [-1]), (0, [2], [Int.min]), (0, [Int.min, 0], [1, 1]),
        ] {
            #expect(
                refusal { $0.tensor(storage: "0", count: 6, offset: offset, shape: shape, strides: strides) }?.code
                    == .malformed)
        }
        #expect(refusal { $0.tensor(storage: "0", count: 6, shape: [2, 3], strides: [1]) }?.code == .malformed)
    }

    @Test func aStorageThatDisagreesWithItsRecordIsRefused() {
        for count in [5, 7, -6, 0, Int.max] {
            #expect(refusal { $0.tensor(storage: "0", count: count, shape: [1]) }?.code == .malformed, "\(count)")
        }
        #expect(refusal { $0.tensor(storage: "1", count: 6, shape: [6]) }?.code == .malformed)
    }

    @Test func tensorsWithoutBytesOrOfUnknownClassesAreNotListed() throws {
        #expect(try file { $0.tensor(storage: "9", count: 6, shape: [6], location: "meta") }.tensors.isEmpty)
        let unknown = try file { $0.tensor(storage: "0", storageClass: "QUInt4x2Storage", count: 99, shape: [6]) }
        #expect(unknown.tensors.isEmpty)
        #expect(unknown.storages.map(\.byteCount) == [24])
        let untyped = try file { $0.tensor(storage: "0", storageClass: "UntypedStorage", count: 24, shape: [6]) }
        #expect(untyped.tensors.isEmpty)
    }

    @Test func emptyTensorsMayBeginAnywhere() throws {
        let tensor = try #require(
            try file { $0.tensor(storage: "0", count: 6, offset: 14, shape: [0, 2], strides: [4, 1]) }.tensors.first)
        #expect(tensor.count == 0)
    }

    @Test func otherByteOrderMakesTensorsOpaque() throws {
        #expect(
            try file(byteOrder: "big") { $0.tensor(storage: "0", count: 6, shape: [6]) }.tensors.map(\.isOpaque) == [
                true
            ])
        #expect(try file { $0.tensor(storage: "0", count: 6, shape: [6]) }.tensors.map(\.isOpaque) == [false])
        #expect(throws: VarveError.self) {
            try file(byteOrder: "middle") { $0.tensor(storage: "0", count: 6, shape: [6]) }
        }
    }

    @Test func conjugatesAndNegativesAreOpaqueAndAttributesAreListed() throws {
        let opened = try #require(try TensorFile.open(MemorySource(try Fixtures.bytes("odd/attributes.pt"))))
        #expect(opened.tensors.map(\.name) == ["parameter", "parameter.note.inner", "conj", "neg"])
        #expect(opened.tensors.map(\.isOpaque) == [false, false, true, true])
        let sparse = try #require(try TensorFile.open(MemorySource(try Fixtures.bytes("odd/sparse.pt"))))
        #expect(sparse.tensors.filter { !$0.isOpaque }.map(\.name) == ["dense"])
    }

    @Test func tiedTensorsShareTheirNodeAndSharedStoragesTheirIndex() throws {
        let opened = try #require(try TensorFile.open(MemorySource(try Fixtures.bytes("odd/tied.pt"))))
        #expect(opened.tensors.map(\.name) == ["head", "embedding", "same_storage", "plain"])
        #expect(opened.tensors[0].node != nil)
        #expect(opened.tensors[0].node == opened.tensors[1].node)
        #expect(opened.tensors[0].node != opened.tensors[2].node)
        #expect(Set(opened.tensors.map(\.storage)).count == 1)
        #expect(opened.tensors[3].isDense && !opened.tensors[3].isContiguous)
    }

    @Test func sharedContainersAreListedUnderEachNameAndCyclesEnd() throws {
        let opened = try file { writer in
            writer.opcode(0x5D, 0x71, 5)  // root = []
            writer.dict([("w", 0)]) { writer, _ in writer.tensor(storage: "0", count: 6, shape: [6]) }
            writer.opcode(0x71, 6, 0x61, 0x68, 6, 0x61, 0x68, 5, 0x61)  // twice the dict, and the list itself
        }
        #expect(opened.tensors.map(\.name) == ["0.w", "1.w"])
    }

    @Test func namesComeFromKeysIndicesAndFields() throws {
        let opened = try #require(try TensorFile.open(MemorySource(try Fixtures.bytes("odd/containers.pt"))))
        #expect(
            opened.tensors.map(\.name) == [
                "state.0.weight", "state.0.bias", "state.1.weight", "state.1.bias", "state.1.running_mean",
                "state.1.running_var",
                "state.1.num_batches_tracked", "list.0", "list.1.0", "list.1.1.7", "args.ema", "default.a.0",
            ])
    }

    @Test func aZipWithinALargerFileReadsAsASlice() throws {
        let zip = TorchMaker.zip(DamageTests.tensors)
        let whole = [UInt8](repeating: 0x50, count: 77) + zip + zip
        for start in [77, 77 + zip.count] {
            let slice = try SliceSource(MemorySource(whole), UInt64(start)..<UInt64(start + zip.count))
            let opened = try #require(try TensorFile.open(slice))
            for (found, expected) in Swift.zip(opened.tensors, DamageTests.tensors) {
                #expect(try opened.contiguousBytes(of: found) == expected.bytes)
            }
        }
        let cut = try SliceSource(MemorySource(whole), 77..<UInt64(77 + zip.count - 1))
        #expect(throws: VarveError.self) { try TensorFile.open(cut) }
    }

    @Test func recordsBeyondFourGigabytesAreFound() throws {
        var writer = ZipWriter()
        writer.usesZip64 = true
        let tensor = TestTensor("w", shape: [2], seed: 3)
        writer.add("m/data.pkl", TorchMaker.pickle([tensor]))
        writer.add("m/data/0", tensor.bytes)
        let file = writer.finished()
        let small = try #require(try TensorFile.open(MemorySource(file)))
        // The same file with a hole of 5 GB before the second record.
        let sparse = SparseSource(
            widening: file, at: small.storages[0].fileOffset, localHeader: "m/data/0", by: 5 << 30)
        let large = try #require(try TensorFile.open(sparse))
        #expect(large.storages[0].fileOffset == small.storages[0].fileOffset + 5 << 30)
        #expect(try large.contiguousBytes(of: large.tensors[0]) == tensor.bytes)
    }

    @Test func aLegacyViewIsItsSliceOfTheStorage() throws {
        var file = Array(TorchMaker.legacy([TestTensor("w", shape: [6], seed: 1)]))
        // view_metadata: None -> ("k", 2, 3), and the shape [6] -> [3] beside it
        let none = try #require(file.firstRange(of: [0x4E, 0x74, 0x51]))
        var view = PickleWriter()
        view.mark()
        view.string("k")
        view.int(2)
        view.int(3)
        view.opcode(0x74)
        file.replaceSubrange(none.lowerBound..<none.lowerBound + 1, with: view.bytes.dropFirst(2))
        #expect(throws: VarveError.self) { try TensorFile.open(MemorySource(file)) }
        let shape = try #require(file.firstRange(of: [0x28, 0x8A, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0x74]))
        file[shape.lowerBound + 3] = 3
        let opened = try #require(try TensorFile.open(MemorySource(file)))
        #expect(opened.tensors[0].elementOffset == 2)
        #expect(opened.tensors[0].shape == [3])
        #expect(opened.storages[0].byteCount == 24)
    }

    @Test func bytesBehindALegacyFileAreRefused() {
        let file = TorchMaker.legacy(DamageTests.tensors)
        #expect(FileChecks.outcome(of: file + [0]).word == "malformed")
    }
}
