extension SideBasis {
    /// How a side is transformed.
    package enum Kind: Hashable, Sendable {
        /// Not at all.
        case identity
        /// Into all eigenvectors.
        case full
        /// Into the leading eigenvectors and any completion of them.
        case tracked(directions: Int)
    }

    /// Shorter sides are left as they are.
    static let smallestSide = 16
    /// Up to here all eigenvectors are computed.
    static let largestFullSide = 256
    /// Longer sides (vocabularies) are left as they are.
    static let largestSide = 8192
    /// Of longer sides a quarter of the directions is followed up to `quarterDirections`, and an eighth beyond.
    static let quarterDirections = 128
    static let mostDirections = 256

    /// What is worth its time for a side of `n`.
    package static func kind(forSide n: Int) -> Kind {
        if n < smallestSide || n > largestSide { return .identity }
        if n <= largestFullSide { return .full }
        return .tracked(directions: min(mostDirections, max(min(quarterDirections, n / 4), n / 8)))
    }
}
