import Varve

/// What forgetting or pruning would do, step by step.
struct ForgetPlan {
    let result: ForgetResult

    init(_ result: ForgetResult) { self.result = result }

    var lines: [String] {
        var table = TextTable([
            .init(title: "step", alignment: .right), .init(title: "freed", alignment: .right),
            .init(title: "what happens", alignment: .left),
        ])
        for step in result.steps {
            table.add(["\(step.step)", step.freedBytes == 0 ? "-" : Units.bytes(signed: step.freedBytes), text(step)])
        }
        return table.lines(width: Terminal.standardOutput.tableWidth)
    }

    private func text(_ step: ForgetResult.Step) -> String {
        guard let forgotten = step.forgotten else { return step.pinned ? "kept: pinned" : "kept" }
        let what =
            step.replaced == true ? "replaced" : forgotten == "moments" ? "moments forgotten" : "forgotten"
        let why = step.neededBy.map { ": step \($0) builds on it" } ?? ""
        switch step.action {
        case .keep, .need: return what + (step.action == .need && !why.isEmpty ? ", all of it kept" + why : "")
        case .remove: return what
        case .reduce: return what + (why.isEmpty ? "" : ", kept in part" + why)
        }
    }

    static func list(_ steps: [Int]) -> String { steps.map(String.init).joined(separator: ", ") }
}

extension Units {
    /// A number of bytes that may be negative.
    static func bytes(signed count: Int) -> String { (count < 0 ? "-" : "") + bytes(UInt64(count.magnitude)) }

    /// What pruning frees. Where remaining steps build on all that was forgotten, only the marks of it grow.
    static func freed(_ count: Int) -> String { count > 0 ? bytes(UInt64(count)) : "nothing: what stays builds on it" }
}
