import TensorFiles
import Testing

/// What has to hold for every opened file, however damaged it was.
enum FileChecks {
    /// Storages ascend without overlap within the file; every tensor lies within its storage and can be read.
    static func expectConsistent(_ file: TensorFile, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var end: UInt64 = 0
        for storage in file.storages {
            #expect(storage.fileOffset >= end, sourceLocation: sourceLocation)
            end = storage.fileOffset + storage.byteCount
        }
        #expect(end <= file.source.byteCount, sourceLocation: sourceLocation)
        for tensor in file.tensors {
            #expect(file.storages.indices.contains(tensor.storage), sourceLocation: sourceLocation)
            #expect(tensor.shape.count == tensor.strides.count, sourceLocation: sourceLocation)
            let storage = file.storages[tensor.storage]
            if tensor.isDense {
                let range = try #require(file.byteRange(of: tensor), sourceLocation: sourceLocation)
                #expect(range.lowerBound >= storage.fileOffset, sourceLocation: sourceLocation)
                #expect(range.upperBound <= storage.fileOffset + storage.byteCount, sourceLocation: sourceLocation)
            }
            if tensor.byteCount < 1 << 20 {
                #expect(try file.contiguousBytes(of: tensor).count == tensor.byteCount, sourceLocation: sourceLocation)
            }
        }
    }
}
