/// The text of a progress bar, with as much in it as the width allows.
struct ProgressLine {
    let verb: String
    let label: String
    let pace: Pace

    private static let longestBar = 24, shortestBar = 8

    func text(width: Int) -> String {
        let percent = "\(Units.decimal(pace.share * 100, 0)) %"
        let bytes = "\(Units.bytes(pace.done)) of \(Units.bytes(pace.total))"
        let rate = "\(Units.bytes(UInt64(min(pace.rate, 1e18))))/s"
        let left = "\(pace.secondsLeft.map(Units.duration) ?? "-:--") left"
        // What tells most stays longest.
        let variants: [(head: String, hasBar: Bool, rest: [String])] = [
            ("\(verb) \(label)", true, [percent, bytes, rate, left]), (label, true, [percent, bytes, rate, left]),
            (label, false, [percent, bytes, rate, left]), (label, false, [percent, rate, left]),
            (label, false, [percent, left]), (percent, false, []),
        ]
        for variant in variants {
            var parts = [variant.head] + variant.rest
            let taken = parts.map(\.count).reduce(0, +) + 2 * (parts.count - 1)
            guard variant.hasBar else {
                if taken <= width { return parts.joined(separator: "  ") }
                continue
            }
            let room = min(Self.longestBar, width - taken - 4)
            guard room >= Self.shortestBar else { continue }
            parts.insert(bar(room), at: 1)
            return parts.joined(separator: "  ")
        }
        return ""
    }

    private func bar(_ width: Int) -> String {
        let filled = Int(pace.share * Double(width))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
    }
}
