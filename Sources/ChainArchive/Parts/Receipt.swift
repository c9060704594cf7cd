package import FileSystem
import TensorCodecs

/// What a worker says of its part of a step: a sealed file beside the part, written when the part is on disk. A step whose
/// receipts are all there and agree can be committed.
package struct Receipt: Sendable {
    package var share: PartShare
    package var content: PartShare.Content
    package var claims: PartClaims
    /// Only the receipt of tensors of part 0 has it.
    package var frame: StepFrame?
    /// None where the worker had nothing to write.
    package var part: StepManifest.Part?
    /// Of all bytes of the part.
    package var partHash: Hash128
    /// Whether the worker has payload as well, which has a receipt of its own.
    package var owesPayload: Bool
    package var units: [UnitRecords]
    /// Of the weights of a base that the worker hashed.
    package var baseHashes: [String: Hash128]
    /// Bytes of checkpoint that it read.
    package var sourceBytes: UInt64

    package init(
        share: PartShare, content: PartShare.Content, claims: PartClaims, frame: StepFrame? = nil,
        part: StepManifest.Part? = nil, partHash: Hash128 = Hash128(high: 0, low: 0), owesPayload: Bool = false,
        units: [UnitRecords] = [], baseHashes: [String: Hash128] = [:], sourceBytes: UInt64 = 0
    ) {
        self.share = share
        self.content = content
        self.claims = claims
        self.frame = frame
        self.part = part
        self.partHash = partHash
        self.owesPayload = owesPayload
        self.units = units
        self.baseHashes = baseHashes
        self.sourceBytes = sourceBytes
    }

    /// Names a worker for people.
    package static func name(_ share: PartShare) -> String { "part \(share.index) of \(share.count)" }

    // MARK: On disk

    func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.integer(share.index)
        writer.integer(share.count)
        writer.byte(content.rawValue)
        claims.write(to: &writer)
        writer.byte(frame == nil ? 0 : 1)
        frame?.write(to: &writer)
        writer.byte(part == nil ? 0 : 1)
        if let part {
            writer.text(part.name)
            writer.integer(part.byteCount)
            writer.hash(partHash)
        }
        writer.byte(owesPayload ? 1 : 0)
        writer.list(units) { writer, unit in unit.write(to: &writer) }
        writer.list(baseHashes.sorted { $0.key < $1.key }) { writer, pair in
            writer.text(pair.key)
            writer.hash(pair.value)
        }
        writer.integer(sourceBytes)
        return writer.output.bytes
    }

    package func sealed() throws(VarveError) -> [UInt8] { try ManifestFile.seal(encoded(), kind: .receipt) }

    init(from reader: inout ManifestReader) throws(CodecError) {
        guard let share = PartShare(index: try reader.integer(), count: try reader.integer()),
            let content = PartShare.Content(rawValue: try reader.byte())
        else { throw CodecError(.corrupt, "the receipt is of no part") }
        let claims = try PartClaims(from: &reader)
        let frame = try reader.byte() == 1 ? try StepFrame(from: &reader) : nil
        var part: StepManifest.Part?, hash = Hash128(high: 0, low: 0)
        if try reader.byte() == 1 {
            let read = StepManifest.Part(name: try reader.text(), byteCount: try reader.unsigned())
            try read.check()
            hash = try reader.hash()
            part = read
        }
        let owes = try reader.byte() == 1
        let parts = part.map { [$0] } ?? []
        let units = try reader.list { (reader) throws(CodecError) in try UnitRecords(from: &reader, parts: parts) }
        var baseHashes: [String: Hash128] = [:]
        for pair in try reader.list({ (reader) throws(CodecError) in (try reader.text(), try reader.hash()) }) {
            baseHashes[pair.0] = pair.1
        }
        let bytes = try reader.unsigned()
        guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
        self.init(
            share: share, content: content, claims: claims, frame: frame, part: part, partHash: hash,
            owesPayload: owes, units: units, baseHashes: baseHashes, sourceBytes: bytes)
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            try self.init(from: &reader)
        } catch {
            throw VarveError(.damaged, "the receipt breaks the format", file: file, cause: error)
        }
    }

    /// The receipt of a worker; `nil` where there is none. It is opened by its name: on a shared file system a listing may be
    /// some seconds old.
    /// - Throws: `.damaged`, `.unsupported`, `.inputOutput`.
    package static func read(
        _ share: PartShare, _ content: PartShare.Content, in directory: String
    ) throws(VarveError) -> Receipt? {
        let path = Paths.join(directory, share.receiptName(content))
        do throws(VarveError) {
            let receipt = try Receipt(decoding: ManifestFile.open(path, kind: .receipt).body, file: path)
            guard receipt.share == share, receipt.content == content else {
                throw VarveError(.damaged, "the receipt is of another part", file: path)
            }
            return receipt
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Writes the receipt under its name. The part must be on disk.
    package func write(in directory: String) throws(VarveError) {
        let file = try OutputFile(Paths.join(directory, PartWriter.token()))
        try file.write(try sealed(), at: 0)
        try file.commit(as: Paths.join(directory, share.receiptName(content)))
        try Directories.sync(directory)
    }

    /// Whether the part is there, as far as its size tells.
    package func hasPart(in directory: String) throws(VarveError) -> Bool {
        guard let part else { return true }
        do throws(VarveError) {
            return try FileIdentity(path: Paths.join(directory, part.name)).byteCount == part.byteCount
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Whether the part has other bytes than were written. One that is not there is missing, not damaged.
    package func isDamaged(in directory: String) throws(VarveError) -> Bool {
        guard let part else { return false }
        do throws(VarveError) {
            let file = try InputFile(Paths.join(directory, part.name))
            guard file.byteCount == part.byteCount else { return true }
            return try PartParityMaker(reading: file, byteCount: file.byteCount).hash != partHash
        } catch  where error.code == .notFound {
            return false
        }
    }
}
