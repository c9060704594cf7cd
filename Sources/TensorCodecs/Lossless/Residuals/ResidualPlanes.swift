/// What the loops over a block leave for each other, one entry for each element; whole vectors can be stored.
final class ResidualPlanes {
    let levels: UnsafeMutablePointer<Int32>
    let classes: UnsafeMutablePointer<Int32>
    let sizes: UnsafeMutablePointer<Int32>
    /// Raw bits, and how many of them count; the second 32 where there are so many.
    let bitCounts: UnsafeMutablePointer<Int32>
    let rawBits: UnsafeMutablePointer<UInt32>
    let moreRawBits: UnsafeMutablePointer<UInt32>
    /// What of a distance its level says, and how many bits of it are raw.
    let distances: UnsafeMutablePointer<Int32>
    let rawCounts: UnsafeMutablePointer<Int32>
    private let memory: UnsafeMutablePointer<UInt32>

    /// - Parameter capacity: elements of a block.
    init(capacity: Int = ResidualBlock.size) {
        let padded = Lanes.padded(capacity)
        memory = .allocate(capacity: 8 * padded)
        memory.initialize(repeating: 0, count: 8 * padded)
        (rawBits, moreRawBits) = (memory, memory + padded)
        let signed = UnsafeMutableRawPointer(memory + 2 * padded).assumingMemoryBound(to: Int32.self)
        (levels, classes, sizes) = (signed, signed + padded, signed + 2 * padded)
        (bitCounts, distances, rawCounts) = (signed + 3 * padded, signed + 4 * padded, signed + 5 * padded)
    }

    deinit { memory.deallocate() }
}
