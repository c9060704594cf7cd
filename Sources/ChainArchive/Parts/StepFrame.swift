import TensorCodecs

/// What of a step's manifest all its workers come to by themselves: everything but records.
package struct StepFrame: Sendable {
    package var number: Int
    package var isEpoch: Bool
    package var path: String
    package var isDirectory: Bool
    package var method: String
    /// The step before it, whether or not it builds on that one.
    package var before: Int?
    package var predecessor: Link
    /// Without payload.
    package var entries: [Entry]
    package var pairs: [String: String]
    package var notes: [String]
    /// `StepMethod.errorBound`.
    package var errorBound: Double?
    package var originalBytes: UInt64
    /// Of the plan.
    package var unitCount: Int

    /// What the step builds on. The digest of a step is known once that one is committed.
    package enum Link: UInt8, Sendable, Hashable {
        case none = 0
        case before = 1
        case base = 2
    }

    package init(
        number: Int, isEpoch: Bool, path: String, isDirectory: Bool, method: String, before: Int?, predecessor: Link,
        entries: [Entry], pairs: [String: String], notes: [String], errorBound: Double?, originalBytes: UInt64,
        unitCount: Int
    ) {
        self.number = number
        self.isEpoch = isEpoch
        self.path = path
        self.isDirectory = isDirectory
        self.method = method
        self.before = before
        self.predecessor = predecessor
        self.entries = entries
        self.pairs = pairs
        self.notes = notes
        self.errorBound = errorBound
        self.originalBytes = originalBytes
        self.unitCount = unitCount
    }

    /// The manifest without records.
    /// - Parameter digest: of the step before, if the step builds on it.
    func manifest(digest: Hash128?) -> StepManifest {
        let link: StepManifest.Predecessor =
            switch predecessor {
            case .none: .none
            case .base: .base
            case .before: if let before, let digest { .step(before, digest: digest) } else { .none }
            }
        return StepManifest(
            number: number, isEpoch: isEpoch, path: path, isDirectory: isDirectory, method: method, predecessor: link,
            entries: entries, pairs: pairs, notes: notes)
    }
}

extension StepFrame {
    func write(to writer: inout ManifestWriter) {
        writer.integer(number)
        writer.byte((isEpoch ? 1 : 0) | (isDirectory ? 2 : 0))
        writer.text(path)
        writer.text(method)
        writer.byte(before == nil ? 0 : 1)
        if let before { writer.integer(before) }
        writer.byte(predecessor.rawValue)
        writer.list(entries) { writer, entry in entry.write(to: &writer) }
        writer.list(pairs.sorted { $0.key < $1.key }) { writer, pair in
            writer.text(pair.key)
            writer.text(pair.value)
        }
        writer.list(notes) { $0.text($1) }
        writer.byte(errorBound == nil ? 0 : 1)
        if let errorBound { writer.double(errorBound) }
        writer.integer(originalBytes)
        writer.integer(unitCount)
    }

    init(from reader: inout ManifestReader) throws(CodecError) {
        number = try reader.integer()
        let flags = try reader.byte()
        (isEpoch, isDirectory) = (flags & 1 != 0, flags & 2 != 0)
        path = try reader.text()
        method = try reader.text()
        before = try reader.byte() == 1 ? try reader.integer() : nil
        guard let link = Link(rawValue: try reader.byte()), link != .before || before != nil, before ?? -1 < number
        else { throw CodecError(.corrupt, "the step builds on an impossible one") }
        predecessor = link
        entries = try reader.list { (reader) throws(CodecError) in
            try Entry(from: &reader, parts: [])
        }
        guard entries.allSatisfy({ $0.payload.isEmpty }) else { throw CodecError(.corrupt, "payload in a frame") }
        pairs = [:]
        for pair in try reader.list({ (reader) throws(CodecError) in (try reader.text(), try reader.text()) }) {
            pairs[pair.0] = pair.1
        }
        notes = try reader.list { (reader) throws(CodecError) in try reader.text() }
        errorBound = try reader.byte() == 1 ? try reader.double() : nil
        originalBytes = try reader.unsigned()
        unitCount = try reader.integer()
    }
}
