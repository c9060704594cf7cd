import FileSystem
import Foundation
import TensorFiles
import Testing

/// The safetensors files of an export, read as another tool reads them.
struct ExportedFiles {
    struct Tensor: Equatable {
        var dtype: DType
        var shape: [Int]
        var bytes: [UInt8]
    }

    private struct List: Decodable {
        struct Metadata: Decodable { var total_size: Int }
        var metadata: Metadata
        var weight_map: [String: String]
    }

    /// All tensors by name.
    private(set) var tensors: [String: Tensor] = [:]
    /// Names of the tensors of each file, by the file's name.
    private(set) var files: [String: [String]] = [:]

    /// Reads `STEM.safetensors`, or the shards that `STEM.safetensors.index.json` lists. What the list says is compared.
    init(_ directory: String, _ stem: String) throws {
        let single = "\(stem).safetensors", path = Paths.join(directory, "\(stem).safetensors.index.json")
        guard (try? FileIdentity(path: path)) != nil else {
            try read(single, in: directory)
            return
        }
        #expect((try? FileIdentity(path: Paths.join(directory, single))) == nil)
        let list = try JSONDecoder().decode(List.self, from: Data(try Trees.bytes(path)))
        let names = Set(list.weight_map.values).sorted()
        for name in names { try read(name, in: directory) }
        for (number, name) in names.enumerated() {
            #expect(name == String(format: "\(stem)-%05d-of-%05d.safetensors", number + 1, names.count))
            #expect(Set(list.weight_map.filter { $0.value == name }.keys) == Set(files[name] ?? []))
        }
        #expect(list.metadata.total_size == tensors.values.reduce(0) { $0 + $1.bytes.count })
    }

    private mutating func read(_ name: String, in directory: String) throws {
        let file = try #require(try TensorFile.open(try InputFile(Paths.join(directory, name))))
        #expect(file.container == .safetensors && file.metadata == ["format": "pt"])
        for tensor in file.tensors {
            let range = try #require(file.byteRange(of: tensor))
            // Readers that map the file want elements at multiples of their size.
            #expect(range.isEmpty || range.lowerBound % UInt64(max(1, tensor.dtype.bits / 8)) == 0)
            let bytes = try file.source.bytes(at: range.lowerBound, count: range.count)
            let old = tensors.updateValue(
                Tensor(dtype: tensor.dtype, shape: tensor.shape, bytes: bytes), forKey: tensor.name)
            #expect(old == nil, "\(tensor.name) twice")
            files[name, default: []].append(tensor.name)
        }
    }
}
