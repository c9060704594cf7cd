import Varve

/// A way to compress, as `varve bench` names it.
struct BenchSetting: Sendable {
    /// `balanced`, `balanced:low`, `excp:0.01`.
    var name: String
    /// The options of `compress` that choose it.
    var options: [String]

    /// Those that are measured where none is named, from the one that loses nothing to those that lose most.
    static let defaults = ["lossless", "high", "balanced", "balanced:low", "small", "excp", "excp:0.01"]

    /// What can be named, for messages.
    static let known = "lossless, high, balanced, small, QUALITY:EFFORT, excp, excp:ALPHA"

    /// `nil` where there is no such thing.
    init?(_ name: String) {
        self.name = name
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if let quality = MethodOptions.Quality(rawValue: parts[0]) {
            options = ["--quality", quality.rawValue]
            guard parts.count == 2 else { return }
            guard quality != .lossless, let effort = TransformOptions.Effort(rawValue: parts[1]) else { return nil }
            options += ["--effort", effort.rawValue]
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
