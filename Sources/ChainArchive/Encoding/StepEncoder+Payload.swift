import TensorCodecs
package import FileSystem

/// Bytes that are no coded tensors: against the step before, or as the location where the archive has them.
extension StepEncoder {
    package func encodePayload(_ payload: PlannedPayload, into result: inout EncodedUnit) throws(VarveError) {
        // A hole of a sparse file is not read.
        if payload.byteCount >= PayloadBlock.smallestShared, payload.isHole {
            result.sourceBytes += payload.byteCount
            result.payload = EncodedUnit.Payload(
                entry: payload.entry, content: .constant(0), plainCount: payload.byteCount)
            return
        }
        let plain = try payload.read()
        result.sourceBytes += plain.count
        // Shorter runs cost as little the usual way.
        if plain.count >= PayloadBlock.smallestShared, let value = plain.constant {
            result.payload = EncodedUnit.Payload(
                entry: payload.entry, content: .constant(value), plainCount: plain.count)
            return
        }
        try store?.put(.payload(entry: payload.entry, block: payload.block), plain)
        var prefix: [UInt8] = []
        if let entry = payload.prefixEntry {
            prefix = try predecessor?.store?.get(.payload(entry: entry, block: payload.block)) ?? []
        }
        let checksum = checksum64(plain)
        var content: EncodedUnit.Payload.Content?
        if prefix != plain, plain.count >= PayloadBlock.smallestShared {
            content = try location(of: plain, checksum: checksum, payload).map { .elsewhere($0) }
        }
        if content == nil {
            do throws(CodecError) {
                content = .record(
                    blob: result.add(try PayloadCodec.encode(plain, prefix: prefix)), usesPrefix: !prefix.isEmpty)
            } catch {
                throw VarveError(.inputOutput, "compressing failed", file: payload.source.name, cause: error)
            }
        }
        guard let content else { return }
        result.payload = EncodedUnit.Payload(
            entry: payload.entry, content: content, plainCount: plain.count, plainChecksum: checksum)
    }

    /// Where the archive has the same bytes already. They are compared: an equal checksum proves nothing.
    ///
    /// A function of the archive and the step alone. The twin is a block of this step that comes earlier and has no twin
    /// of its own; were its bytes in an earlier step, or constant, so would be these, and would be found there.
    private func location(
        of plain: [UInt8], checksum: UInt64, _ payload: PlannedPayload
    ) throws(VarveError) -> PayloadLocation? {
        if let decoder, let location = index.location(checksum, count: plain.count) {
            // A damaged step is for `verify` to report; nothing new shall build on it.
            if (try? decoder.payload(entry: location.entry, block: location.block, of: location.step)) == plain {
                return location
            }
        }
        guard let twin = payload.twin, try twin.read() == plain else { return nil }
        return PayloadLocation(step: number, entry: twin.entry, block: twin.block)
    }
}

extension [UInt8] {
    /// The byte that all are; `nil` where they differ, or there are none.
    package var constant: UInt8? {
        guard let first else { return nil }
        return withUnsafeBytes { $0.isConstant(first) } ? first : nil
    }
}
