import ChainArchive
import TensorFiles

/// A tensor that will be coded: where it lies and what it is called.
struct PlannedTensor: Sendable {
    var identity: TensorIdentity
    var dtype: DType
    var shape: [Int]
    /// Index of the file's entry in the step's manifest.
    var entry: Int
    /// Where it lies in that file.
    var range: Range<UInt64>
    var source: any ByteSource
    var pairing: PairingNote
    /// Of a second moment: what a step of the optimizer leaves of it (beta2), where that is known.
    var decay: Double?

    var count: Int { shape.reduce(1, *) }

    func read() throws(VarveError) -> [UInt8] {
        do throws(VarveError) {
            return try source.bytes(at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// Some of the tensor's bytes.
    func read(_ part: Range<Int>) throws(VarveError) -> [UInt8] {
        do throws(VarveError) {
            return try source.bytes(at: range.lowerBound + UInt64(part.lowerBound), count: part.count)
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// Fills `buffer` with the tensor's bytes from `offset` on.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        do throws(VarveError) {
            try source.read(at: range.lowerBound + UInt64(offset), into: buffer)
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// The record, everything but coding and content still open.
    func record(_ coding: TensorRecord.Coding, hash: Hash128, statistics: TensorStatistics) -> TensorRecord {
        var statistics = statistics
        statistics.pairing = pairing
        return TensorRecord(
            name: identity.name, role: identity.role, key: identity.key, dtype: dtype, shape: shape, entry: entry,
            fileOffset: range.lowerBound, coding: coding, contentHash: hash, statistics: statistics)
    }
}
