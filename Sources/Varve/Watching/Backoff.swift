/// Pauses between tries, each twice as long as the one before.
enum Backoff {
    private static let longest = Duration.seconds(60)

    /// - Parameter attempt: 1 for the pause before the first further try.
    static func pause(_ first: Duration, attempt: Int) -> Duration {
        min(longest, first * (1 << min(max(0, attempt - 1), 16)))
    }
}
