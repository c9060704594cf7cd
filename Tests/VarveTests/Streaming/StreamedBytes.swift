import FileSystem
import Synchronization
import TensorFiles
import Varve

/// Takes what is streamed.
final class StreamedBytes: Sendable {
    private let taken = Mutex<[UInt8]>([])

    var bytes: [UInt8] { taken.withLock { $0 } }

    var sink: ByteSink {
        { (bytes) throws(VarveError) in self.taken.withLock { $0 += Array(bytes) } }
    }

    /// One tensor's bytes, types and shape, by name, as another tool reads the stream.
    func tensors(in directory: String) throws -> [String: ExportedFiles.Tensor] {
        try Trees.write(bytes, to: Paths.join(directory, "stream.safetensors"))
        return try ExportedFiles(directory, "stream").tensors
    }
}
