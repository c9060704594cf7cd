package import FileSystem
package import TensorCodecs
package import TensorFiles

/// A tensor that will be coded: where it lies and what it is called.
package struct PlannedTensor: Sendable {
    package var identity: TensorIdentity
    package var dtype: DType
    package var shape: [Int]
    /// Where its bytes lie: entries of the step's manifest and bytes of their files.
    package var pieces: TensorPieces
    /// Where it is read, whole.
    package var source: any ByteSource
    package var range: Range<UInt64>
    package var pairing: PairingNote
    /// Of a second moment: what the optimizer's steps since the predecessor leave of it, where that is known.
    package var decay: Double?
    /// Its record in the archive, where it is taken again from what that restores; `nil` where it is read from the original.
    package var archived: TensorRecord?
    /// Whether nothing but that record is left of it: its bytes were forgotten and pruned.
    package var isDropped = false
    /// What a resumed run needs of a state that is coded on its own; `nil` for what must be exact.
    package var need: SingleStateEncoder.Need?

    package init(
        identity: TensorIdentity, dtype: DType, shape: [Int], pieces: TensorPieces, source: any ByteSource,
        range: Range<UInt64>, pairing: PairingNote, decay: Double? = nil
    ) {
        self.identity = identity
        self.dtype = dtype
        self.shape = shape
        self.pieces = pieces
        self.source = source
        self.range = range
        self.pairing = pairing
        self.decay = decay
    }

    package var count: Int { shape.reduce(1, *) }

    package func read() throws(VarveError) -> [UInt8] {
        do throws(VarveError) {
            return try source.bytes(at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// Some of the tensor's bytes.
    package func read(_ part: Range<Int>) throws(VarveError) -> [UInt8] {
        do throws(VarveError) {
            return try source.bytes(at: range.lowerBound + UInt64(part.lowerBound), count: part.count)
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// Fills `buffer` with the tensor's bytes from `offset` on.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        do throws(VarveError) {
            try source.read(at: range.lowerBound + UInt64(offset), into: buffer)
        } catch {
            throw error.at(tensor: identity.name)
        }
    }

    /// The record of the tensor as it was encoded.
    /// - Parameter overlap: see `EncodedParameter`.
    func record(
        _ coding: TensorRecord.Coding, hash: Hash128, statistics: TensorStatistics, overlap: Double? = nil
    ) -> TensorRecord {
        var statistics = statistics
        statistics.pairing = pairing
        if let archived {
            statistics.refer(
                to: archived, isSame: hash == archived.contentHash, isExact: coding.isExact, overlap: overlap,
                buckets: ChangeSketch.bucketCount(count))
        }
        return TensorRecord(
            name: identity.name, role: identity.role, key: identity.key, dtype: dtype, shape: shape, pieces: pieces,
            coding: coding, contentHash: hash, statistics: statistics)
    }

    /// The record of a tensor of which nothing else is left, as one of what was dropped.
    func recordOfDropped(_ coding: TensorRecord.Coding) -> TensorRecord? {
        guard isDropped, var record = archived else { return nil }
        if coding.isExact, !record.isOriginal, record.statistics.range == nil {
            record.statistics.range = ErrorRange(record.statistics.measure)
        }
        record.coding = coding
        record.statistics.storedBytes = 0
        return record
    }
}
