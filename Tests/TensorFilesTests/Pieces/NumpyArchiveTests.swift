import FileSystem
import Testing
import VarveTestSupport

@testable import TensorFiles

@Suite struct NumpyArchiveTests {
    private func array(_ descr: String, _ shape: String, _ data: [UInt8], order: String = "False") -> [UInt8] {
        var header = Array("{'descr': '\(descr)', 'fortran_order': \(order), 'shape': (\(shape)), }".utf8)
        header += [UInt8](repeating: 0x20, count: (64 - (header.count + 11) % 64) % 64) + [0x0A]
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + LittleEndianBytes.of(UInt16(header.count)) + header + data
    }

    private func archive(_ arrays: [(String, [UInt8])]) -> MemorySource {
        var writer = ZipWriter()
        for (name, bytes) in arrays { writer.add(name, bytes) }
        return MemorySource(writer.finished(), name: "a.npz")
    }

    @Test func arraysAreFoundWithTheirPlaces() throws {
        let data = [UInt8](0..<24)
        let source = archive([
            ("layers.0.weight.npy", array("<f4", "2, 3", data)),
            ("step.npy", array("<u8", "", [9, 0, 0, 0, 0, 0, 0, 0])),
            ("columns.npy", array("<f4", "2, 3", data, order: "True")), ("objects.npy", array("|O", "1,", [1])),
        ])
        let arrays = try NumpyArchive(reading: source).arrays
        #expect(arrays.map(\.name) == ["layers.0.weight", "step"])
        #expect(arrays.map(\.dtype) == [.f32, .u64])
        #expect(arrays.map(\.shape) == [[2, 3], []])
        #expect(try source.bytes(at: arrays[0].offset, count: 24) == data)
    }

    @Test func sizesThatDoNotFitAreRefused() {
        for shape in ["2, 4", "9223372036854775807, 9223372036854775807", "-1, 2"] {
            let error = #expect(throws: VarveError.self) {
                try NumpyArchive(reading: archive([("w.npy", array("<f4", shape, [UInt8](repeating: 0, count: 24)))]))
            }
            #expect(error?.code == .malformed)
            #expect(error?.location.tensor == "w")
        }
    }

    @Test func damageEndsInAnErrorOrInArrays() {
        let file = archive([("w.npy", array("<f4", "3,", [UInt8](0..<12)))])
        let bytes = (try? file.bytes(at: 0, count: Int(file.byteCount))) ?? []
        HostileFiles.forEachTruncation(of: bytes) { _, part in
            #expect(throws: VarveError.self) { try NumpyArchive(reading: MemorySource(part, name: "cut")) }
        }
        HostileFiles.forEachMutation(of: bytes) { _, mutated in
            _ = try? NumpyArchive(reading: MemorySource(mutated, name: "mutated"))
        }
    }
}
