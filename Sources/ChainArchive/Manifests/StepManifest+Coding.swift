import TensorFiles
import TensorCodecs
package import FileSystem

extension StepManifest {
    /// The body of a `step.manifest`.
    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.integer(StepVersion.number(number))
        writer.byte((isEpoch ? 1 : 0) | (isDirectory ? 2 : 0))
        writer.text(path)
        writer.text(method)
        switch predecessor {
        case .none:
            writer.byte(0)
        case .step(let step, let digest):
            writer.byte(1)
            writer.integer(StepVersion.number(step))
            writer.hash(digest)
        case .base:
            writer.byte(2)
            writer.list(baseHashes.sorted { $0.key < $1.key }) { writer, pair in
                writer.text(pair.key)
                writer.hash(pair.value)
            }
        }
        writer.list(parts) { writer, part in
            writer.text(part.name)
            writer.integer(part.byteCount)
        }
        writer.list(entries) { writer, entry in entry.write(to: &writer) }
        writer.list(quantizedGroups) { writer, quantizedGroup in quantizedGroup.write(to: &writer) }
        writer.list(losslessGroups) { $0.location($1) }
        writer.list(tensors) { writer, tensor in tensor.write(to: &writer) }
        writer.list(pairs.sorted { $0.key < $1.key }) { writer, pair in
            writer.text(pair.key)
            writer.text(pair.value)
        }
        writer.list(notes) { $0.text($1) }
        writer.byte(pruned?.rawValue ?? 0)
        return writer.output.bytes
    }

    /// The bytes of a `step.manifest`.
    package func sealed() throws(VarveError) -> [UInt8] {
        try ManifestFile.seal(encoded(), kind: .step)
    }

    /// Reads a body.
    /// - Throws: `.damaged` where it breaks a rule of the format.
    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            try self.init(from: &reader)
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }

    init(from reader: inout ManifestReader) throws(CodecError) {
        let number = try reader.integer()
        let flags = try reader.byte()
        let path = try reader.text(), method = try reader.text()
        guard path.isEmpty || Paths.isSafeRelative(path) else {
            throw CodecError(.corrupt, "the path \(path) is not allowed")
        }
        let predecessor: Predecessor
        var baseHashes: [String: Hash128] = [:]
        switch try reader.byte() {
        case 0: predecessor = .none
        case 1:
            let step = try reader.integer()
            // So no chain can run in a circle.
            guard step < number else { throw CodecError(.corrupt, "the predecessor \(step) is no earlier step") }
            predecessor = .step(step, digest: try reader.hash())
        case 2:
            predecessor = .base
            for pair in try reader.list({ (reader) throws(CodecError) in (try reader.text(), try reader.hash()) }) {
                baseHashes[pair.0] = pair.1
            }
        default: throw CodecError(.corrupt, "the predecessor is of an unknown kind")
        }
        let parts = try reader.list { (reader) throws(CodecError) in
            Part(name: try reader.text(), byteCount: try reader.unsigned())
        }
        for part in parts { try part.check() }
        let entries = try reader.list { (reader) throws(CodecError) in
            try Entry(from: &reader, parts: parts)
        }
        let quantizedGroups = try reader.list { (reader) throws(CodecError) in
            try QuantizedGroup(from: &reader, parts: parts)
        }
        let losslessGroups = try reader.list { (reader) throws(CodecError) in try reader.location(parts: parts) }
        let tensors = try reader.list { (reader) throws(CodecError) in
            try TensorRecord(from: &reader, parts: parts)
        }
        var pairs: [String: String] = [:]
        for pair in try reader.list({ (reader) throws(CodecError) in (try reader.text(), try reader.text()) }) {
            pairs[pair.0] = pair.1
        }
        let notes = try reader.list { (reader) throws(CodecError) in try reader.text() }
        let extent = try reader.byte(), pruned = ForgottenSteps.Extent(rawValue: extent)
        guard pruned != nil || extent == 0 else { throw CodecError(.corrupt, "what was forgotten is unknown") }
        guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
        self.init(
            number: number, isEpoch: flags & 1 != 0, path: path, isDirectory: flags & 2 != 0, method: method,
            predecessor: predecessor, parts: parts, entries: entries, quantizedGroups: quantizedGroups,
            losslessGroups: losslessGroups,
            tensors: tensors, baseHashes: baseHashes, pairs: pairs, notes: notes, pruned: pruned)
        guard pruned != nil || records.allSatisfy({ !$0.location.isDropped }) else {
            throw CodecError(.corrupt, "a record is missing of a step that was not forgotten")
        }
        try checkStructure()
    }

    /// Rules between the lists: tensors lie in files, in order, without overlap; lossless groups are complete.
    private func checkStructure() throws(CodecError) {
        let ranges = try checkedRanges()
        var identities = Set<TensorIdentity>()
        for tensor in tensors {
            guard identities.insert(tensor.identity).inserted else {
                throw CodecError(.corrupt, "tensor \(tensor.name) stands there twice")
            }
            if case .sameAs(let step) = tensor.coding, step >= number {
                throw CodecError(.corrupt, "tensor \(tensor.name) refers to no earlier step")
            }
            if let member = tensor.coding.member {
                guard quantizedGroups.indices.contains(member.quantizedGroup), tensor.dtype.isQuantizable,
                    member.method == nil || quantizedGroups[member.quantizedGroup].method == member.method,
                    tensor.role != .other || member.method == .transform
                else { throw CodecError(.corrupt, "tensor \(tensor.name) refers to no quantized group") }
            }
        }
        _ = try losslessGroupMembers()
        try Entry.checkSizes(entries)
        try checkPayloadLocations()
        for entry in entries {
            switch entry.kind {
            case .copy, .variant: throw CodecError(.corrupt, "\(entry.path) is of a kind that only runs have")
            default: break
            }
        }
        var payload = [UInt64](repeating: 0, count: entries.count)
        for (index, entry) in entries.enumerated() {
            for block in entry.payload { payload[index] += UInt64(block.plainCount) }
        }
        for (index, own) in ranges.enumerated() {
            payload[index] = own.reduce(payload[index]) { $0 + UInt64($1.range.count) }
        }
        for (index, entry) in entries.enumerated() {
            if case .file = entry.kind, payload[index] != entry.byteCount {
                throw CodecError(.corrupt, "the parts of \(entry.path) do not add up to its size")
            }
        }
    }

    /// `tensorRanges`, if pieces lie in files and do not overlap, and tensors ascend by their first bytes.
    private func checkedRanges() throws(CodecError) -> [[(range: Range<UInt64>, tensor: Int)]] {
        var last: (file: Int, offset: UInt64) = (0, 0)
        for tensor in tensors {
            for piece in tensor.pieces.all {
                guard entries.indices.contains(piece.file), case .file = entries[piece.file].kind else {
                    throw CodecError(.corrupt, "tensor \(tensor.name) lies in no file")
                }
                guard tensor.pieces.range(piece).upperBound <= entries[piece.file].byteCount else {
                    throw CodecError(.corrupt, "tensor \(tensor.name) exceeds its file")
                }
            }
            guard tensor.pieces.start >= last else {
                throw CodecError(.corrupt, "tensor \(tensor.name) is not in its place")
            }
            last = tensor.pieces.start
        }
        let ranges = tensorRanges
        for own in ranges {
            for (first, second) in zip(own, own.dropFirst()) where first.range.upperBound > second.range.lowerBound {
                throw CodecError(.corrupt, "tensor \(tensors[second.tensor].name) overlaps another")
            }
        }
        return ranges
    }

    /// Of each entry the bytes that tensors fill, ascending, with the index of the tensor.
    package var tensorRanges: [[(range: Range<UInt64>, tensor: Int)]] {
        var result = [[(range: Range<UInt64>, tensor: Int)]](repeating: [], count: entries.count)
        for (index, tensor) in tensors.enumerated() {
            for piece in tensor.pieces.all { result[piece.file].append((tensor.pieces.range(piece), index)) }
        }
        return result.map { ranges in
            ranges.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        }
    }
}
