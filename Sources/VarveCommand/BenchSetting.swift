/// A way to compress, as `varve bench` names it.
struct BenchSetting: Sendable {
    /// `balanced`, `excp:0.01`.
    var name: String
    /// The options of `compress` that choose it.
    var options: [String]

    /// Those that are measured where none is named, from the one that loses nothing to those that lose most.
    static let defaults = ["lossless", "high", "balanced", "small", "excp", "excp:0.01"]

    /// What can be named, for messages.
    static let known = "lossless, high, balanced, small, excp, excp:ALPHA"

    /// `nil` where there is no such thing.
    init?(_ name: String) {
        self.name = name
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, let quality = MethodOptions.Quality(rawValue: name) {
            options = ["--quality", quality.rawValue]
        } else if parts[0] == "excp" {
            options = ["--method", "excp"]
            guard parts.count == 2 else { return }
            guard let alpha = Double(parts[1]), alpha.isFinite, alpha > 0 else { return nil }
            options += ["--alpha", parts[1]]
        } else {
            return nil
        }
    }
}
