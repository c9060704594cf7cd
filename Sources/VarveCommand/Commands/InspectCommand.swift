import ArgumentParser
import Varve

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what Varve understands of a run or checkpoint.",
        usage: "varve inspect <path> [<options>]",
        discussion: "Lists steps, parameters and the optimizer state tied to each; nothing is written.")

    @Argument(help: "A run, a checkpoint directory or a file.", completion: .file())
    var path: String

    @Flag(help: "Hash every tensor (SHA-256 of its contiguous little-endian bytes).")
    var hash = false

    @OptionGroup var common: CommonOptions

    func run() throws {
        try ArchiveLocation.checkIsNone(normalized(path))
        let inspection = try Inspector(path: normalized(path), hashes: hash).inspect()
        for warning in inspection.warnings { common.note(warning) }
        for skipped in inspection.skipped { common.note("skipped \(skipped.path): \(skipped.reason)") }
        try common.finish("inspection", inspection) { print(inspection) }
        if !inspection.skipped.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }

    /// How the optimizer's state was tied to the parameter.
    private static func ground(_ parameter: Inspection.Parameter) -> String {
        guard parameter.pairing != "none" else { return "-" }
        return parameter.pairing + (parameter.correlation.map { " " + Units.decimal($0, 2) } ?? "")
    }

    /// What a reader would see of the parameters: steps that agree in it need not be listed twice.
    private static func structure(_ step: Inspection.Step) -> [String] {
        step.parameters.map {
            "\($0.name) \($0.shape) \($0.dtype) \($0.firstMoment?.dtype ?? "-") \($0.secondMoment?.dtype ?? "-")"
        }
    }

    private func print(_ inspection: Inspection) {
        let output = Terminal.standardOutput
        var before: [String]?
        for step in inspection.steps {
            let bytes = Units.bytes(step.files.reduce(0) { $0 + $1.bytes })
            output.writeLine(
                "\(step.isEpoch ? "epoch" : "step") \(step.step): \(step.checkpoint.isEmpty ? "." : step.checkpoint), \(bytes)"
            )
            for warning in step.warnings { output.writeLine("  note: \(warning)") }
            if let pieces = step.pieces { output.writeLine("  " + PieceWords.line(pieces)) }
            if let before, before == Self.structure(step), !hash {
                output.writeLine("  \(Units.count(step.parameters.count, "parameter")), as in the step before")
                continue
            }
            for file in step.files {
                output.writeLine(
                    "  \(file.path): \(file.container), \(Units.count(file.tensors, "tensor")), \(Units.bytes(file.bytes))"
                )
            }
            before = Self.structure(step)
            var table = TextTable([
                .init(title: "  parameter", alignment: .left), .init(title: "shape", alignment: .right),
                .init(title: "dtype", alignment: .left, expendable: 1),
                .init(title: "first", alignment: .left, expendable: 2),
                .init(title: "second", alignment: .left, expendable: 3), .init(title: "tied by", alignment: .left),
            ])
            for parameter in step.parameters {
                table.add([
                    "  " + parameter.name + (parameter.buffer == true ? " (buffer)" : ""),
                    parameter.shape.map(String.init).joined(separator: "x"), parameter.dtype,
                    parameter.firstMoment?.dtype ?? "-", parameter.secondMoment?.dtype ?? "-",
                    Self.ground(parameter),
                ])
                if hash {
                    for (role, tensor) in [
                        ("weight", parameter.weight), ("first", parameter.firstMoment),
                        ("second", parameter.secondMoment),
                    ] {
                        if let sha = tensor?.sha256 { table.add(["    \(role) \(sha)", "", "", "", "", ""]) }
                    }
                }
            }
            for line in table.lines(width: hash ? nil : Terminal.standardOutput.tableWidth) { output.writeLine(line) }
        }
        for alias in inspection.aliases { output.writeLine("\(alias.path): \(alias.kind) of \(alias.original)") }
        if !inspection.extras.isEmpty { output.writeLine("other files: \(inspection.extras.count)") }
    }
}
