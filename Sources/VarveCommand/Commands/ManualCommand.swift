import ArgumentParser
import Varve

/// Prints the manual page, made from the commands' own definitions. Hidden: `make man` and packagers call it.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Print the manual page.", shouldDisplay: false)

    @OptionGroup var common: CommonOptions

    struct Document: Encodable {
        /// For `man`.
        var page: String
    }

    func run() throws {
        let page = try ManualPage(definitions: VarveTool._dumpHelp()).text
        try common.finish("manual", Document(page: page)) { Terminal.standardOutput.write(page) }
    }
}
