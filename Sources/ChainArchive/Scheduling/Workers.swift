package import FileSystem
/// How much is worked on at a time.
package struct Workers: Sendable {
    package let threads: Int
    /// Bytes that the units in work may take together.
    package let room: Int
    /// What sets a ceiling that is kept; `nil` where the room is only a wish: one tensor may then exceed it alone.
    private let ceiling: Ceiling?
    /// What a control group allows, unless the user named the memory: more kills the process.
    private let group: UInt64?

    package enum Ceiling { case option, addresses }

    /// What the process takes beside them: the program, manifests, buffers of the libraries.
    package static let fixed: UInt64 = 64 << 20
    /// The least that `memory` can be: small tensors are worked on some hundred thousand elements at a time.
    package static let leastMemory: UInt64 = 100_000_000

    /// Of addresses (`ulimit -v`) the libraries and the system's own threads take more than they touch.
    private static let fixedAddresses: UInt64 = 64 << 20, threadAddresses: UInt64 = 9 << 20
    /// Threads that only wait, for the disk or for signals.
    private static let otherThreads = 6

    /// - Parameters:
    ///   - threads: 0 for all processors that this process may use.
    ///   - memory: bytes that the process may take; `nil` for as many as its threads need, and its control group allows.
    package init(threads: Int, memory: UInt64? = nil, limits: ProcessLimits = .current) {
        let threads = threads > 0 ? threads : limits.threads
        // Of what a group allows a part is the page cache's, and what the system itself keeps for it.
        let wanted = memory ?? limits.memory.map { $0 / 8 * 7 }
        let room = wanted.map { $0 > Self.fixed ? $0 - Self.fixed : 0 }
        let addresses = limits.addresses.map { free in
            let taken = Self.fixedAddresses + UInt64(threads + Self.otherThreads) * Self.threadAddresses
            return free > taken ? free - taken : 0
        }
        self.threads = threads
        group = memory == nil ? limits.memory : nil
        self.room = Int(clamping: min(room ?? .max, addresses ?? .max))
        ceiling =
            if let addresses, addresses < room ?? .max { .addresses } else if memory != nil { .option } else { nil }
    }

    /// - Parameter units: bytes of each unit, and a tensor of it.
    /// - Throws: `.usage` where not even one worker has room for the largest, with what would do; `.noMemory` where the
    ///   system sets the limit.
    package func check(_ units: some Sequence<(needed: Int, tensor: String?)>) throws(VarveError) {
        guard let largest = units.max(by: { $0.needed < $1.needed }) else { return }
        let tensor = largest.tensor
        // What is reckoned is up to one and a half times what is taken.
        if let group, UInt64(largest.needed) / 3 * 2 > group {
            throw VarveError(
                .noMemory,
                "too little memory: the container or control group allows \(group / 1_000_000) MB, the largest tensor takes "
                    + "up to \(largest.needed / 1_000_000 + 1) MB; `memory = \(Self.least(largest.needed))` tries it all "
                    + "the same", tensor: tensor)
        }
        guard let ceiling, largest.needed > room else { return }
        switch ceiling {
        case .option:
            throw VarveError(
                .usage,
                "`memory` leaves too little room for the largest tensor: \(Self.least(largest.needed)) is the least",
                tensor: tensor)
        case .addresses:
            throw VarveError(
                .noMemory,
                "too little memory: the limit on addresses (ulimit -v) leaves \(room / 1_000_000) MB, the largest tensor takes "
                    + "\(largest.needed / 1_000_000 + 1) MB", tensor: tensor)
        }
    }

    /// The least `memory` with which a unit is begun.
    private static func least(_ needed: Int) -> String {
        "\(max(Self.leastMemory / 1_000_000, (UInt64(needed) + Self.fixed) / 1_000_000 + 1))MB"
    }
}
