import ArgumentParser
import Varve

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the steps of an archive.",
        usage: "varve list <archive> [<options>]")

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @OptionGroup var common: CommonOptions

    struct Step: Encodable {
        var step: Int
        var checkpoint: String
        var keyframe: Bool
        var method: String
        var originalBytes: UInt64
        var storedBytes: UInt64
        var files: Int
        var pinned: Bool
        /// `false` where they were forgotten.
        var moments: Bool
    }

    struct Result: Encodable {
        var steps: [Step]
        var forgotten: [ReportDocument.Forgotten]
        var replaced: [ReportDocument.Forgotten]
    }

    func run() throws {
        let report = try Archive(at: normalized(archive)).report()
        let steps = report.steps.map {
            Step(
                step: $0.number, checkpoint: $0.path, keyframe: $0.isKeyframe, method: $0.method,
                originalBytes: $0.total.originalBytes, storedBytes: $0.total.storedBytes, files: $0.files.count,
                pinned: $0.isPinned, moments: !$0.lacksMoments)
        }
        let result = Result(steps: steps, forgotten: report.forgottenSteps, replaced: report.replacedSteps)
        try common.finish("list", result) { print(report) }
    }

    private func print(_ report: Report) {
        var table = TextTable([
            .init(title: "checkpoint", alignment: .left), .init(title: "step", alignment: .right),
            .init(title: "kind", alignment: .left, expendable: 2),
            .init(title: "original", alignment: .right, expendable: 1),
            .init(title: "stored", alignment: .right), .init(title: "ratio", alignment: .right),
        ])
        for step in report.steps {
            table.add([
                step.path, "\(step.number)", Self.kind(step),
                Units.bytes(step.total.originalBytes), Units.bytes(step.total.storedBytes),
                Units.ratio(step.total.ratio),
            ])
        }
        for line in table.lines(width: Terminal.standardOutput.tableWidth) { Terminal.standardOutput.writeLine(line) }
        for (what, steps) in [("forgotten", report.forgottenSteps), ("replaced", report.replacedSteps)]
        where !steps.isEmpty {
            common.say(
                "\(what), not pruned or still needed by others: " + steps.map { "\($0.step)" }.joined(separator: ", ")
                    + " (\(Units.bytes(steps.reduce(0) { $0 + $1.storedBytes })))")
        }
    }

    private static func kind(_ step: Report.Step) -> String {
        (step.isKeyframe ? "keyframe" : step.method) + (step.lacksMoments ? ", no moments" : "")
            + (step.isPinned ? ", pinned" : "")
    }
}
