import FoundationEssentials
import Varve

/// A manual page in the macros of man(7), from what ArgumentParser says of the commands.
struct ManualPage {
    /// The parser's description of itself, as far as a page needs it.
    private struct Definitions: Decodable {
        var command: Command
    }

    private struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var subcommands: [Command]?
        var arguments: [Argument]?
        var shouldDisplay: Bool?
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
    }

    let text: String

    /// - Parameter definitions: JSON of `--experimental-dump-help`.
    init(definitions: String) throws {
        let tool = try JSONDecoder().decode(Definitions.self, from: Data(definitions.utf8)).command
        let commands = (tool.subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay != false }
        var lines = [
            ".TH VARVE 1 \"\" \"varve \(VarveRelease.version)\" \"User Commands\"",
            ".SH NAME", Self.escaped("varve - \(tool.abstract ?? "")"), ".SH SYNOPSIS",
        ]
        for command in commands { lines += Self.synopsis(command) }
        lines += [".SH DESCRIPTION"] + Self.paragraphs(tool.discussion) + [".SH COMMANDS"]
        for command in commands { lines += Self.section(command) }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func synopsis(_ command: Command) -> [String] {
        var parts = ["\\fBvarve \(escaped(command.commandName))\\fR"]
        for argument in command.arguments ?? [] where argument.shouldDisplay && argument.kind == "positional" {
            let name = "\\fI\(escaped(argument.valueName ?? "value"))\\fR"
            parts.append(argument.isOptional ? "[\(name)]" : name)
        }
        for argument in command.arguments ?? [] where argument.kind == "option" && !argument.isOptional {
            guard let name = argument.names?.last else { continue }
            parts.append("\\fB\(escaped(name.text))\\fR \\fI\(escaped(argument.valueName ?? "value"))\\fR")
        }
        return [(parts + ["[\\fIoptions\\fR]"]).joined(separator: " "), ".br"]
    }

    private static func section(_ command: Command) -> [String] {
        var lines = [".SS \(escaped(command.commandName))", escaped(command.abstract ?? "")]
        if let discussion = command.discussion { lines += [".PP"] + paragraphs(discussion) }
        for argument in command.arguments ?? [] where argument.shouldDisplay {
            lines += [".TP", head(argument), escaped(body(argument))]
        }
        return lines
    }

    /// `-o, --output directory`.
    private static func head(_ argument: Argument) -> String {
        let value = "\\fI\(escaped(argument.valueName ?? "value"))\\fR"
        guard argument.kind != "positional" else { return value }
        let names = (argument.names ?? []).map { "\\fB\(escaped($0.text))\\fR" }.joined(separator: ", ")
        return argument.kind == "option" ? "\(names) \(value)" : names
    }

    private static func body(_ argument: Argument) -> String {
        var notes: [String] = []
        if let values = argument.allValues, !values.isEmpty {
            notes.append("values: " + values.joined(separator: ", "))
        }
        if argument.kind != "flag", let value = argument.defaultValue { notes.append("default: \(value)") }
        let text = argument.abstract ?? ""
        return notes.isEmpty ? text : "\(text) (\(notes.joined(separator: "; ")))"
    }

    /// Prose is filled; what is indented stays as it is.
    private static func paragraphs(_ text: String?) -> [String] {
        var lines: [String] = [], isFixed = false
        for line in (text ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("  ") != isFixed, !line.isEmpty {
                lines.append(isFixed ? ".fi" : ".nf")
                isFixed.toggle()
            }
            lines.append(line.isEmpty ? ".PP" : escaped(String(line)))
        }
        return isFixed ? lines + [".fi"] : lines
    }

    /// Nothing in a text may be taken for a macro or an escape.
    private static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }
}
