/// Memory for the parameters that one thread quantizes one after the other: taken once, not for each of them, since new
/// memory costs as much time as the arithmetic on it.
package final class ExcpWorkspace: @unchecked Sendable {
    package enum Slot: Int, CaseIterable {
        case weight, predecessor, residual, first, second
        /// Values of moments that are not float32.
        case firstValues, secondValues
        /// A block of a restored tensor.
        case block
    }

    private var slots: [UnsafeMutableRawBufferPointer?] = Slot.allCases.map { _ in nil }

    package init() {}

    deinit { for slot in slots { slot?.deallocate() } }

    /// Memory for `count` bytes. What was there before may be lost; it stays until the slot is asked for again.
    package func bytes(_ slot: Slot, _ count: Int) -> UnsafeMutableRawBufferPointer {
        if let known = slots[slot.rawValue], known.count >= count { return .init(rebasing: known[..<count]) }
        slots[slot.rawValue]?.deallocate()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 64), alignment: 64)
        slots[slot.rawValue] = memory
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    /// The same for `count` values.
    package func floats(_ slot: Slot, _ count: Int) -> UnsafeMutableBufferPointer<Float> {
        bytes(slot, count * MemoryLayout<Float>.stride).bindMemory(to: Float.self)
    }
}
