/// What payload an archive's steps store, and where: of equal checksums the one in the earliest step.
package struct PayloadIndex: Sendable {
    private struct Key: Hashable {
        var checksum: UInt64
        var count: Int
    }

    /// Of the step that is being written: it refers to earlier ones only.
    package var limit = 0
    private var locations: [Key: PayloadLocation] = [:]
    /// Steps that are in it.
    package private(set) var steps = Set<Int>()

    package init() {}

    package mutating func add(_ manifest: StepManifest) {
        guard steps.insert(manifest.number).inserted else { return }
        let smallest = manifest.isKeyframe ? PayloadBlock.smallestBorrowed : PayloadBlock.smallestBorrowedFromChain
        for (entry, file) in manifest.entries.enumerated() {
            for (index, block) in file.payload.enumerated()
            where block.location != nil && block.plainCount >= smallest {
                let key = Key(checksum: block.plainChecksum, count: block.plainCount)
                // Steps may come in any order; the same archive must give the same locations.
                if let known = locations[key], known.step <= manifest.number { continue }
                locations[key] = PayloadLocation(step: manifest.number, entry: entry, block: index)
            }
        }
    }

    /// Where a block of that checksum is stored before the step that is being written.
    package func location(_ checksum: UInt64, count: Int) -> PayloadLocation? {
        guard let location = locations[Key(checksum: checksum, count: count)], location.step < limit else { return nil }
        return location
    }
}
