import ArgumentParser

/// `A-B`, `A-`, `-B` or `A`.
struct StepRange: ExpressibleByArgument, Sendable {
    let range: ClosedRange<Int>
    /// Whether one number was written, rather than where a range begins and ends.
    private(set) var isNumber = false

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        func number(_ text: Substring, _ missing: Int) -> Int? {
            text.isEmpty ? missing : Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
        switch parts.count {
        case 1:
            guard let step = Int(argument), step >= 0 else { return nil }
            range = step...step
            isNumber = true
        case 2:
            guard let first = number(parts[0], 0), let last = number(parts[1], .max), first <= last else { return nil }
            range = first...last
        default:
            return nil
        }
    }
}
