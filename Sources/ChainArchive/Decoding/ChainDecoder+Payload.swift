package import FileSystem
import TensorCodecs

/// Payload: from a block's own record, from the record that has the same bytes, or from nothing but a byte.
extension ChainDecoder {
    /// A block of a file's payload.
    package func payload(entry: Int, block: Int, of number: Int) throws(VarveError) -> [UInt8] {
        // Records to decode, each with the next one as its prefix.
        var levels: [(step: OpenStep, entry: Int, block: Int)] = []
        var current = try step(number)
        var (entry, index) = (entry, block)
        var plain: [UInt8] = []
        // Ends: a prefix lies in an earlier step, and a location elsewhere in an earlier step or in a record of the
        // same.
        search: while true {
            if let known = try store(for: current.manifest.number)?.get(.payload(entry: entry, block: index)) {
                plain = known
                break
            }
            guard current.manifest.entries.indices.contains(entry),
                current.manifest.entries[entry].payload.indices.contains(index)
            else {
                throw VarveError(
                    .damaged, "a payload block that a later step builds on is missing", file: current.manifestPath)
            }
            let block = current.manifest.entries[entry].payload[index]
            switch block.content {
            case .constant(let value):
                plain = [UInt8](repeating: value, count: block.plainCount)
                break search
            case .elsewhere(let location):
                current = try target(of: block, at: location, from: current)
                (entry, index) = (location.entry, location.block)
            case .record(_, let usesPrefix):
                levels.append((current, entry, index))
                guard usesPrefix else { break search }
                guard let prefix = current.manifest.entries[entry].prefixEntry,
                    let previous = try predecessor(of: current)
                else {
                    throw VarveError(.damaged, "a payload block without its prefix", file: current.manifestPath)
                }
                (current, entry) = (previous, prefix)
            }
        }
        while let (step, entry, index) = levels.popLast() {
            plain = try step.decodePayload(step.manifest.entries[entry], block: index, prefix: plain)
        }
        return plain
    }

    /// Keeps the payload of a step for the next one.
    package func keepPayload(of number: Int, in store: ScratchStore) throws(VarveError) {
        for (index, entry) in try step(number).manifest.entries.enumerated() {
            for block in entry.payload.indices where !entry.payload[block].isConstant {
                try store.put(
                    .payload(entry: index, block: block), try payload(entry: index, block: block, of: number))
            }
        }
    }

    /// The step with the record that has a block's bytes.
    private func target(
        of block: PayloadBlock, at location: PayloadLocation, from step: OpenStep
    ) throws(VarveError) -> OpenStep {
        // The manifest's rules say it already; a chain that runs in a circle would never end.
        guard location.step <= step.manifest.number else {
            throw VarveError(.damaged, "a payload block refers to a later step", file: step.manifestPath)
        }
        let target = try self.step(location.step, for: step)
        guard target.manifest.holds(block, at: location) else {
            throw VarveError(
                .damaged, "step \(location.step) does not store the payload that it should", file: step.manifestPath)
        }
        return target
    }
}

extension PayloadBlock {
    /// The plain bytes of a block with a record, compared with their checksum.
    package func decode(
        _ stored: [UInt8], prefix: [UInt8], _ fail: (any Error) -> VarveError
    ) throws(VarveError) -> [UInt8] {
        do throws(CodecError) {
            let plain = try PayloadCodec.decode(stored, count: plainCount, prefix: prefix)
            guard checksum64(plain) == plainChecksum else {
                throw CodecError(.corrupt, "the restored payload is not the original")
            }
            return plain
        } catch {
            throw fail(error)
        }
    }
}
