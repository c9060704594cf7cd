import FileSystem
import TensorFiles
import VarveTestSupport

extension DiskModel {
    /// Writes everything as the program sees it.
    func materialize(at target: String) throws {
        var random = SplitMix64(seed: 0)
        try materialize(at: target, kept: 256, stale: 0, random: &random)
    }

    /// Writes a state that the disk may be in when the power comes back into a directory, in place of what is there.
    ///
    /// - Parameters:
    ///   - kept: how many of 256 pending changes have happened; 256 for all.
    ///   - stale: what never written pages hold: zeros, or what another file left on the disk.
    func materialize(at target: String, kept: UInt64, stale: UInt8, random: inout SplitMix64) throws {
        var present = certainNames
        for change in pendingNames where random.next() >> 56 < kept {
            for (name, node) in change.names { present[name] = node }
        }
        try Directories.remove(target)
        try Directories.create(target)
        var children: [Int: [(String, Int)]] = [:]
        for (name, node) in present { children[name.directory, default: []].append((name.name, node)) }
        var made: [Int: String] = [:]
        try materialize(0, at: target, children, &made, kept, stale, &random)
    }

    private func materialize(
        _ directory: Int, at path: String, _ children: [Int: [(String, Int)]], _ made: inout [Int: String],
        _ kept: UInt64, _ stale: UInt8, _ random: inout SplitMix64
    ) throws {
        for (name, number) in (children[directory] ?? []).sorted(by: { $0.0 < $1.0 }) {
            let node = nodes[number], path = Paths.join(path, name)
            switch node.kind {
            case .directory:
                // A directory has one place: where a move of it is half done, the first.
                guard made[number] == nil else { continue }
                made[number] = path
                try Directories.create(path)
                try materialize(number, at: path, children, &made, kept, stale, &random)
            case .symbolicLink:
                try SystemCalls.symbolicLink(target: String(decoding: node.certain, as: UTF8.self), at: path)
            case .regular, .other:
                if let first = made[number] {
                    try SystemCalls.link(first, path)
                    continue
                }
                made[number] = path
                var generator = random
                let content = Self.content(node, keeping: { generator.next() >> 56 < kept }, stale: stale)
                random = generator
                try write(content, path)
                if let mode = node.mode { try SystemCalls.setMode(path, mode) }
            }
            if let modified = node.modified { try SystemCalls.setModificationTime(path, nanoseconds: modified) }
        }
    }

    /// Under its own name at once: names of unfinished files are among those to be made.
    private func write(_ bytes: [UInt8], _ path: String) throws {
        let descriptor = try SystemCalls.open(path, flags: 0o1 | 0o100)
        defer { SystemCalls.discard(descriptor, path: path) }
        var done = 0
        while done < bytes.count {
            done += try bytes[done...].withUnsafeBytes { buffer in
                guard let pointer = buffer.baseAddress else { return 0 }
                return try SystemCalls.write(descriptor, pointer, buffer.count, at: UInt64(done), path: path)
            }
        }
    }
}
