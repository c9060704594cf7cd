import FileSystem
import TensorFiles
import Testing

/// What has to hold for every opened file, however damaged it was.
enum FileChecks {
    static func expectConsistent(_ file: TensorFile, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(violation(of: file) == nil, sourceLocation: sourceLocation)
    }

    /// Storages ascend without overlap within the file; every tensor lies within its storage and can be read. The first
    /// rule that is broken, or `nil`.
    static func violation(of file: TensorFile) -> String? {
        var end: UInt64 = 0
        for storage in file.storages {
            guard storage.fileOffset >= end else { return "storages overlap" }
            end = storage.fileOffset + storage.byteCount
        }
        guard end <= file.source.byteCount else { return "a storage beyond the file" }
        for tensor in file.tensors {
            guard file.storages.indices.contains(tensor.storage), tensor.shape.count == tensor.strides.count else {
                return "\(tensor.name) is inconsistent"
            }
            let storage = file.storages[tensor.storage]
            if tensor.isDense {
                guard let range = file.byteRange(of: tensor), range.lowerBound >= storage.fileOffset,
                    range.upperBound <= storage.fileOffset + storage.byteCount
                else { return "\(tensor.name) lies beyond its storage" }
            }
            if tensor.byteCount < 1 << 20 {
                do throws(VarveError) {
                    guard try file.contiguousBytes(of: tensor).count == tensor.byteCount else {
                        return "\(tensor.name) is short"
                    }
                } catch {
                    return "\(tensor.name): \(error)"
                }
            }
        }
        return nil
    }

    /// How opening ended, in a word, and any rule that the result breaks.
    static func outcome(of bytes: [UInt8]) -> (word: String, violation: String?) {
        do throws(VarveError) {
            guard let file = try TensorFile.open(MemorySource(bytes)) else { return ("nil", nil) }
            return ("opened", violation(of: file))
        } catch {
            return (error.code.rawValue, error.location.file == nil ? "the error names no file" : nil)
        }
    }
}
