import ArgumentParser
import Varve

/// Steps of an archive as users name them: `400`, `200-400`, `400-`, `latest`, `all`, `checkpoint-400`, and several of them
/// with commas between.
struct StepSelection: ExpressibleByArgument, Sendable {
    private enum Term: Sendable {
        case range(StepRange)
        case latest
        case all
        /// A checkpoint's.
        case name(String)
    }

    static let help = "A number, A-B, latest, all, or a checkpoint's name; several with commas between."

    private let terms: [Term]

    init?(argument: String) {
        var terms: [Term] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let text = String(part)
            switch text {
            case "": return nil
            case "latest": terms.append(.latest)
            case "all": terms.append(.all)
            default:
                if let range = StepRange(argument: text) {
                    terms.append(.range(range))
                } else if text.contains(where: { $0.isLetter || $0 == "_" }) {
                    terms.append(.name(text))
                } else {
                    return nil
                }
            }
        }
        self.terms = terms
    }

    /// The ranges of numbers that it stands for.
    /// - Throws: `.usage` where a name is no checkpoint's, or the archive has no step to be the latest; `.notAnArchive`.
    func ranges(in archive: String) throws -> [ClosedRange<Int>] {
        let names = try StepNames(archive: archive)
        return try terms.map { term in
            switch term {
            case .range(let range): return range.range
            case .all: return 0...Int.max
            case .latest:
                guard let latest = names.steps.last else {
                    throw VarveError(.usage, "the archive has no steps", file: archive)
                }
                return latest...latest
            case .name(let name):
                let number = try names.number(of: name)
                return number...number
            }
        }
    }

    /// The one step that is meant.
    /// - Throws: `.usage` if it is several, or no step is the latest; `.notAnArchive`.
    func number(in archive: String) throws -> Int {
        switch try restored(from: archive) {
        case .step(let number): return number
        case .latest:
            if let latest = try StepNames(archive: archive).steps.last { return latest }
            throw VarveError(.usage, "the archive has no steps", file: archive)
        case .all, .steps: throw VarveError(.usage, "name one step")
        }
    }

    /// What a restore makes of it: one step comes directly into the output, several under their own paths.
    func restored(from archive: String) throws -> RestoreOptions.Selection {
        guard terms.count == 1 else { return .steps(try ranges(in: archive)) }
        switch terms[0] {
        case .latest: return .latest
        case .all: return .all
        case .name(let name): return .step(try StepNames(archive: archive).number(of: name))
        case .range(let range):
            return range.isNumber ? .step(range.range.lowerBound) : .steps([range.range])
        }
    }
}

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

/// Steps and ranges of steps, with commas between: `100,200-500,900-`.
struct StepList: ExpressibleByArgument, Sendable {
    let ranges: [ClosedRange<Int>]

    init?(argument: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = StepRange(argument: String(part)) else { return nil }
            ranges.append(range.range)
        }
        self.ranges = ranges
    }
}
