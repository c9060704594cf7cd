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
    }

    func run() throws {
        let report = try Reporter(archive: normalized(archive)).report()
        let steps = report.steps.map {
            Step(
                step: $0.number, checkpoint: $0.path, keyframe: $0.isKeyframe, method: $0.method,
                originalBytes: $0.total.originalBytes, storedBytes: $0.total.storedBytes, files: $0.files.count)
        }
        try common.finish("list", ["steps": steps]) { print(report) }
    }

    private func print(_ report: Report) {
        var table = TextTable([
            .init(title: "checkpoint", alignment: .left), .init(title: "step", alignment: .right),
            .init(title: "kind", alignment: .left), .init(title: "original", alignment: .right),
            .init(title: "stored", alignment: .right), .init(title: "ratio", alignment: .right),
        ])
        for step in report.steps {
            table.add([
                step.path, "\(step.number)", step.isKeyframe ? "keyframe" : step.method,
                Units.bytes(step.total.originalBytes), Units.bytes(step.total.storedBytes),
                Units.ratio(step.total.ratio),
            ])
        }
        for line in table.lines(width: Terminal.standardOutput.columns) { Terminal.standardOutput.writeLine(line) }
    }
}
