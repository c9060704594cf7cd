package import FileSystem

/// Finds what is damaged in a part, from its parity, and mends it.
package struct PartMender {
    /// What a part needs.
    package enum State {
        case intact
        case mendable(Mending)
        /// More is damaged than the parity mends.
        case beyond
    }

    /// What makes a part again what it was.
    package struct Mending {
        /// By the offset of a word, in ascending order: what its bytes differ by.
        fileprivate var changes: [(offset: UInt64, difference: UInt16)] = []
        /// Bytes that differ.
        package fileprivate(set) var byteCount = 0
        /// The first of them; the end where only the size is wrong.
        package fileprivate(set) var offset: UInt64 = 0
    }

    private let path: String
    private let parity: PartParity

    package init(_ path: String, _ parity: PartParity) {
        self.path = path
        self.parity = parity
    }

    /// Whether a part that is damaged can be mended; `nil` where it has no parity.
    package static func canMend(_ path: String) -> Bool? {
        do throws(VarveError) {
            guard let parity = try PartParity.read(ArchiveLayout.parityName(of: path)) else { return nil }
            // What was found to be damaged may be read the second time.
            if case .beyond = try PartMender(path, parity).examine() { return false }
            return true
        } catch { return false }
    }

    /// Reads the part once, and, where it is damaged, once more as it would be after mending.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput`.
    package func examine() throws(VarveError) -> State {
        let part = try ReadablePart(path, byteCount: parity.byteCount)
        guard part.missing <= UInt64(2 * parity.width) else { return .beyond }
        var maker = PartParityMaker()
        let isReadable = try part.read { (_, bytes) throws(VarveError) in bytes.withUnsafeBytes { maker.add($0) } }
        guard let found = maker.finish(width: parity.width) else { return .beyond }
        if found.hash == parity.hash, part.isWhole, isReadable { return .intact }
        guard let mending = mending(from: found, of: part), try hash(part, mending) == parity.hash else {
            return .beyond
        }
        return .mendable(mending)
    }

    /// Takes each column of the stripes to have one changed word.
    private func mending(from found: PartParity, of part: ReadablePart) -> Mending? {
        let width = parity.width
        let logarithms = Field65536.Logarithms(base: ParitySums.generator(width: width))
        var mending = Mending()
        for index in 0..<width {
            let difference = found.plain[index] ^ parity.plain[index]
            let weighted = found.weighted[index] ^ parity.weighted[index]
            if difference == 0, weighted == 0 { continue }
            guard difference != 0, weighted != 0 else { return nil }
            let stripe = logarithms.quotient(weighted, by: difference)
            let offset = 2 * (UInt64(stripe) * UInt64(width) + UInt64(index))
            guard offset < parity.byteCount, offset + 1 < parity.byteCount || difference < 256 else { return nil }
            mending.changes.append((offset, difference))
        }
        mending.changes.sort { $0.offset < $1.offset }
        for (_, difference) in mending.changes {
            mending.byteCount += (difference & 0xFF == 0 ? 0 : 1) + (difference >> 8 == 0 ? 0 : 1)
        }
        if let first = mending.changes.first {
            mending.offset = first.offset + (first.difference & 0xFF == 0 ? 1 : 0)
        } else {
            mending.offset = part.byteCount
        }
        return mending
    }

    private func hash(_ part: ReadablePart, _ mending: Mending) throws(VarveError) -> Hash128 {
        let hash = Hash128Stream()
        try read(part, mending) { (_, bytes) in bytes.withUnsafeBytes { hash.add($0) } }
        return hash.hash
    }

    /// Passes the bytes of the mended part.
    private func read(
        _ part: ReadablePart, _ mending: Mending, _ body: (UInt64, [UInt8]) throws(VarveError) -> Void
    ) throws(VarveError) {
        var next = 0
        try part.read { (offset, bytes) throws(VarveError) in
            // Pieces begin with a word.
            while next < mending.changes.count, mending.changes[next].offset < offset + UInt64(bytes.count) {
                let change = mending.changes[next], index = Int(change.offset - offset)
                bytes[index] ^= UInt8(truncatingIfNeeded: change.difference)
                if index + 1 < bytes.count { bytes[index + 1] ^= UInt8(change.difference >> 8) }
                next += 1
            }
            try body(offset, bytes)
        }
    }

    /// Writes the mended part under a temporary name, and gives it the part's if it is what it was and `check` accepts it.
    /// Until then the damaged one stays as it is.
    /// - Throws: what `check` throws; `.damaged` where the disk does not give back what was written; `.noSpace`,
    ///   `.inputOutput`.
    package func mend(
        _ mending: Mending, check: (_ path: String) throws(VarveError) -> Void
    ) throws(VarveError) {
        let part = try ReadablePart(path, byteCount: parity.byteCount)
        let file = try OutputFile(path, byteCount: 0)
        try read(part, mending) { (offset, bytes) throws(VarveError) in try file.write(bytes, at: offset) }
        try file.finishWrites()
        let written = try PartParityMaker(reading: file, byteCount: parity.byteCount).hash
        guard written == parity.hash else {
            throw VarveError(.damaged, "the mended part is not what was written", file: file.temporaryPath)
        }
        try check(file.temporaryPath)
        try file.commit()
        try Directories.sync(Paths.split(path).directory)
    }
}
