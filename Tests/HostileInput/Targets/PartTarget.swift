import TensorCodecs
import FileSystem
import TensorFiles

/// Records of parts. The first two bytes choose the record of the small archives that the rest stands for.
enum PartTarget {
    private static let records: [StoredRecord] = {
        do { return try StoredRecord.all() } catch { fatalError("the small archives cannot be read: \(error)") }
    }()

    static func run(_ input: [UInt8]) throws {
        guard input.count >= 2 else { return }
        let record = records[(Int(input[0]) | Int(input[1]) << 8) % records.count]
        do {
            try record.decode(Array(input.dropFirst(2)))
        } catch let error as CodecError {
            try BrokenPromise.unless(error.kind == .corrupt, "an error of another kind: \(error)")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        for record in records { try record.decode(record.bytes) }
        return records.enumerated().filter { $1.bytes.count <= 1 << 12 }.map {
            [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] + $1.bytes
        }
    }
}
