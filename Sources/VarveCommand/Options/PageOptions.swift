import ArgumentParser
import Varve

/// Where a page of HTML goes.
struct PageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write a page of charts and tables; - is standard output.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @Flag(help: "With --html: replace a file that is no page of Varve.")
    var overwrite = false

    private static let standardOutput = "-"

    func validate() throws {
        if overwrite, html == nil { throw ValidationError("--overwrite belongs to --html") }
        if html?.isEmpty ?? false { throw ValidationError("--html: the name is empty") }
    }

    /// - Throws: if the page and a document would go to the same place.
    func validate(with common: CommonOptions) throws {
        if html == Self.standardOutput, common.isJSON { throw ValidationError("--html - and JSON exclude each other") }
    }

    /// Whether a page can be written, asked before long work.
    func check() throws(VarveError) {
        if let html, html != Self.standardOutput { try PageFile.target(html, overwrite: overwrite) }
    }

    /// Writes the page if one is wanted.
    /// - Returns: whether that was all that was wanted.
    func write(_ common: CommonOptions, _ page: () -> Page) throws(VarveError) -> Bool {
        guard let html else { return false }
        let text = page().html
        if html == Self.standardOutput {
            Terminal.standardOutput.write(text)
        } else {
            try PageFile.write(text, to: html, overwrite: overwrite)
            common.say("\(html): \(Units.bytes(UInt64(text.utf8.count)))")
        }
        return !common.isJSON
    }
}
