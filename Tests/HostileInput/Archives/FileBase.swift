import ChainArchive
import FileSystem
import TensorFiles

/// The weights of a safetensors file.
struct FileBase: BaseWeights {
    private let file: TensorFile

    init(_ path: String) throws {
        guard let file = try TensorFile.open(try InputFile(path)) else {
            throw BrokenPromise("no tensors in \(path)")
        }
        self.file = file
    }

    func weight(_ name: String) throws(VarveError) -> [UInt8]? {
        guard let tensor = file.tensors.first(where: { $0.name == name }) else { return nil }
        return try file.contiguousBytes(of: tensor)
    }

    func hasForm(_ name: String, dtype: DType, shape: [Int]) -> Bool {
        file.tensors.contains { $0.name == name && $0.dtype == dtype && $0.shape == shape }
    }

    func named(_ recorded: Set<String>) -> any BaseWeights { self }
}
