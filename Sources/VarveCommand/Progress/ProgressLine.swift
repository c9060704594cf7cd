/// The text of a progress bar, with as much in it as the width allows.
struct ProgressLine {
    let verb: String
    let label: String
    /// The tensor that is worked on.
    let detail: String?
    /// Whether the step is one of several.
    let isPart: Bool
    let pace: Pace

    private static let longestBar = 24, shortestBar = 8, shortestDetail = 12

    func text(width: Int) -> String {
        let percent = "\(Units.decimal(pace.share * 100, 0)) %"
        let bytes = "\(Units.bytes(pace.done)) of \(Units.bytes(pace.total))"
        let rate = "\(Units.bytes(UInt64(min(pace.rate, 1e18))))/s"
        // Nothing tells how fast it goes before the first tensor is done, or in a last one that takes longer than those before;
        // that time goes by is seen all the same.
        let all = Self.time(pace.secondsLeft)
        let left = pace.secondsLeft == nil ? "\(Units.duration(pace.stepSeconds)) so far" : "\(all) left"
        let both = isPart && pace.stepSecondsLeft != nil ? "step \(Self.time(pace.stepSecondsLeft)), all \(left)" : left
        // What tells most stays longest.
        let variants: [(head: String, hasBar: Bool, rest: [String])] = [
            ("\(verb) \(label)", true, [percent, bytes, rate, both]), (label, true, [percent, bytes, rate, both]),
            (label, false, [percent, bytes, rate, both]), (label, false, [percent, bytes, rate, left]),
            (label, false, [percent, rate, left]), (label, false, [percent, left]), (percent, false, []),
        ]
        for variant in variants {
            var parts = [variant.head] + variant.rest
            let taken = parts.map(\.count).reduce(0, +) + 2 * (parts.count - 1)
            guard variant.hasBar else {
                if taken <= width { return withDetail(parts.joined(separator: "  "), width) }
                continue
            }
            let room = min(Self.longestBar, width - taken - 4)
            guard room >= Self.shortestBar else { continue }
            parts.insert(bar(room), at: 1)
            return withDetail(parts.joined(separator: "  "), width)
        }
        return ""
    }

    /// The end of a tensor's name fills what room is left.
    private func withDetail(_ text: String, _ width: Int) -> String {
        let room = width - text.count - 2
        guard let detail, room >= min(Self.shortestDetail, detail.count) else { return text }
        return text + "  " + (detail.count <= room ? detail : "…" + detail.suffix(room - 1))
    }

    private static func time(_ seconds: Double?) -> String { seconds.map(Units.duration) ?? "-:--" }

    private func bar(_ width: Int) -> String {
        let filled = Int(pace.share * Double(width))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
    }
}
