/// Working memory for a block of elements: what they are predicted to be, and how well. Small enough for the nearest
/// cache, since a dozen loops go over it one after the other. All of it can be read and written in whole vectors.
final class ResidualBlock {
    /// Elements of the blocks that chunks are made of.
    static let size = 512

    let capacity: Int
    /// Elements in use.
    var count = 0

    /// Float32 bit patterns of the predictions; finite.
    let predictions: UnsafeMutablePointer<UInt32>
    /// Expected deviations, in quarter octaves.
    let scales: UnsafeMutablePointer<Int32>
    /// What else is known about an element: selects its class.
    let contexts: UnsafeMutablePointer<Int32>
    /// The elements' own words (encoder), then results (decoder).
    let words: UnsafeMutablePointer<UInt32>
    private let memory: UnsafeMutablePointer<UInt32>

    init(capacity: Int = ResidualBlock.size) {
        self.capacity = capacity
        let padded = Lanes.padded(capacity)
        memory = .allocate(capacity: 4 * padded)
        memory.initialize(repeating: 0, count: 4 * padded)
        (predictions, words) = (memory, memory + padded)
        (scales, contexts) = (Self.signed(memory + 2 * padded), Self.signed(memory + 3 * padded))
    }

    private static func signed(_ words: UnsafeMutablePointer<UInt32>) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(words).assumingMemoryBound(to: Int32.self)
    }

    /// Takes over what is known of an element.
    func copy(_ from: Int, of other: ResidualBlock, to: Int) {
        predictions[to] = other.predictions[from]
        scales[to] = other.scales[from]
        contexts[to] = other.contexts[from]
        words[to] = other.words[from]
    }

    deinit { memory.deallocate() }
}

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
