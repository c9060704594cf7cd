import ArgumentParser
import Varve

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show what each layer, tensor, role, step or file costs.",
        usage: "varve report <archive> [<options>]",
        discussion: """
            original and stored are bytes, ratio is original / stored, pruned the share of values restored as "no \
            change" (weights) or zero (moments). error is the squared error over the squared change of the step \
            (weights) or over the sum of squares (moments). Stored bytes add up to the files on disk. --by tensor sums up \
            all steps of a tensor; with --steps each step has its line. restore (--by step) is what restoring a step takes over \
            what a keyframe takes, reckoned from the archive's manifests.

            --html writes one page with all of it that needs no network: bytes and errors per step, a heat map, a \
            treemap, a table that sorts and searches.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Option(help: ArgumentHelp("What a line stands for.", valueName: "what"))
    var by: Grouping = .layer

    @Option(help: ArgumentHelp("Only these steps: 200-400,600, latest, checkpoint-800.", valueName: "steps"))
    var steps: StepSelection?

    @Flag(help: "Print comma-separated values.")
    var csv = false

    @OptionGroup var page: PageOptions

    @OptionGroup var common: CommonOptions

    enum Grouping: String, ExpressibleByArgument, CaseIterable { case layer, tensor, role, step, file }

    func validate() throws {
        if csv, common.isJSON { throw ValidationError("--csv and JSON exclude each other") }
        if csv, page.html != nil { throw ValidationError("--csv and --html exclude each other") }
        try page.validate(with: common)
    }

    func run() throws {
        try page.check()
        let report = try Archive(at: normalized(archive)).report(
            steps: try steps?.ranges(in: normalized(archive)))
        let isDone = try page.write(common) {
            ReportPage(report: report, archive: normalized(archive), isWhole: steps == nil).page
        }
        if isDone { return }
        let grouped = GroupedReport(report, by: by, stepsAreNamed: steps != nil)
        try common.finish("report", grouped.document) {
            let output = Terminal.standardOutput
            if csv { return grouped.csv.forEach { output.writeLine($0) } }
            grouped.table(width: output.tableWidth).forEach { output.writeLine($0) }
            output.writeLine()
            grouped.sentences.forEach { output.writeProse($0) }
        }
    }
}
