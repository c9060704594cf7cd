/// Memory for the parameters that one thread quantizes one after the other: taken once, not for each of them, since new
/// memory costs as much time as the arithmetic on it.
package final class ExcpWorkspace: @unchecked Sendable {
    package enum Place: Int, CaseIterable {
        case weight, predecessor, residual, first, second
        /// Values of moments that are not float32.
        case firstValues, secondValues
        /// A block of a restored tensor.
        case block
    }

    private var places: [UnsafeMutableRawBufferPointer?] = Place.allCases.map { _ in nil }

    package init() {}

    deinit { for place in places { place?.deallocate() } }

    /// Memory for `count` bytes. What was there before may be lost; it stays until the place is asked for again.
    package func bytes(_ place: Place, _ count: Int) -> UnsafeMutableRawBufferPointer {
        if let known = places[place.rawValue], known.count >= count { return .init(rebasing: known[..<count]) }
        places[place.rawValue]?.deallocate()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 64), alignment: 64)
        places[place.rawValue] = memory
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    /// The same for `count` values.
    package func floats(_ place: Place, _ count: Int) -> UnsafeMutableBufferPointer<Float> {
        bytes(place, count * MemoryLayout<Float>.stride).bindMemory(to: Float.self)
    }
}
