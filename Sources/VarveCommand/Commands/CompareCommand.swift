import ArgumentParser
import Varve

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Set two archives of one run side by side.",
        usage: "varve compare <first> <second> [<options>]",
        discussion: """
            Bytes and weight error of each step and of each layer in both archives, A and B, as of two qualities or two \
            methods. Layers are summed over the steps that both have; their errors over those that are keyframes in \
            neither. error is the squared error over the squared change, as report has it.
            """)

    @Argument(help: "An archive, A.", completion: .directory)
    var first: String

    @Argument(help: "Another archive, B.", completion: .directory)
    var second: String

    @OptionGroup var page: PageOptions

    @OptionGroup var common: CommonOptions

    func validate() throws { try page.validate(with: common) }

    func run() throws {
        try page.check()
        let sides = try [first, second].map { path in
            (path: normalized(path), report: try Archive(at: normalized(path)).report())
        }
        let comparison = Comparison(sides[0], sides[1])
        if try page.write(common, { ComparisonPage(comparison: comparison).page }) { return }
        try common.finish("comparison", comparison) {
            let output = Terminal.standardOutput, text = ComparisonText(comparison: comparison)
            for lines in [text.steps(width: output.tableWidth), text.layers(width: output.tableWidth)] {
                lines.forEach { output.writeLine($0) }
                output.writeLine()
            }
            text.sentences.forEach { output.writeProse($0) }
        }
    }
}
