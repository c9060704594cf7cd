import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import VarveTestSupport

/// A record of a part together with what its decoder knows besides: any bytes can be decoded in its place.
struct StoredRecord: Sendable {
    /// The bytes that stand in the archive.
    let bytes: [UInt8]
    /// Decodes other bytes in their place, as a restore does but for checksums and hashes.
    /// - Throws: `CodecError` where they are refused; `BrokenPromise`.
    let decode: @Sendable ([UInt8]) throws -> Void

    /// The small archives that stand in Fixtures, so that a finding's replay means the same record for ever.
    static func archives() throws -> [String] {
        let folder = SharedRuns.fixtures("fuzz/archives")
        return try SystemCalls.list(folder).sorted().map { Paths.join(folder, $0) }
    }

    /// Every record of the small archives, in a fixed order.
    static func all() throws -> [StoredRecord] { try archives().flatMap { try records(of: $0) } }

    private static func records(of archive: String) throws -> [StoredRecord] {
        let reader = try ArchiveReader(archive)
        let base = try baseWeights(of: archive)
        var records: [StoredRecord] = []
        var before: (step: OpenStep, store: ScratchStore)?
        let decoder = ChainDecoder(reader, base: base)
        for number in reader.steps {
            let step = try decoder.step(number)
            let collector = RecordCollector(step: step, decoder: decoder, before: before, base: base)
            records += try collector.records()
            let store = try ScratchStore(directory: Scratch.directory.path, contents: .everything)
            for unit in step.manifest.decodingUnits() { _ = try decoder.decodeUnit(unit, of: number, keeping: store) }
            before = (step, store)
        }
        return records
    }

    /// What stands beside an archive that was made with a base.
    private static func baseWeights(of archive: String) throws -> (any BaseWeights)? {
        let path = SharedRuns.fixtures("fuzz/base.safetensors")
        let manifest = try ArchiveReader(archive).steps.first.map { try ArchiveReader(archive).manifest($0) }
        guard case .base = manifest?.predecessor else { return nil }
        return try FileBase(path)
    }
}
