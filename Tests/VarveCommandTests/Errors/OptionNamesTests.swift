import Foundation
import Testing
import VarveTestSupport

@testable import VarveCommand

/// The library names its own properties; a user of the command reads options.
@Suite struct OptionNamesTests {
    /// Literals of the library's modules, file by file.
    private static func literals() throws -> [(file: String, text: String)] {
        var found: [(String, String)] = []
        for module in ["FileSystem", "TensorFiles", "TensorCodecs", "Checkpoints", "ChainArchive", "Varve"] {
            let root = SharedRuns.packageRoot + "/Sources/" + module
            for name in try FileManager.default.subpathsOfDirectory(atPath: root) where name.hasSuffix(".swift") {
                let source = try String(contentsOfFile: root + "/" + name, encoding: .utf8)
                for line in source.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                    for match in line.matches(of: /"((?:[^"\\]|\\.)*)"/) { found.append((name, String(match.1))) }
                }
            }
        }
        return found
    }

    /// Parts of notes that archives hold, and that are read from them again: they stay as the first release wrote them. Each
    /// is written in one place.
    private static let stored: Set = [
        ", kept outside: restoring needs --base ", "--quality lossless keeps it exactly",
        "--quality lossless keeps them exactly",
    ]

    @Test func theLibraryNamesNoOptionOfTheCommand() throws {
        let literals = try Self.literals()
        #expect(literals.count > 1000)
        var seen = Set<String>()
        for (file, text) in literals where !Self.stored.contains(text) || !seen.insert(text).inserted {
            #expect(!text.contains(/(^|[ (])--[a-z]/) && !text.contains("varve help"), "\(file): \(text)")
        }
        #expect(seen == Self.stored)
    }

    @Test func everyNameInBackticksHasAnOption() throws {
        var names = Set<String>()
        for (file, text) in try Self.literals() {
            for match in text.matches(of: /`([A-Za-z.]+)[^`]*`/) {
                let name = String(match.1)
                #expect(OptionNames.known[name] != nil, "\(file): \(name)")
                names.insert(name)
            }
        }
        #expect(names == Set(OptionNames.known.keys))
    }

    @Test(arguments: [
        ("the directory is not empty; `overwrite` replaces it", "the directory is not empty; --overwrite replaces it"),
        ("name them with `base = org/model@abc`", "name them with --base org/model@abc"),
        ("`base = 'my model'` would", "--base 'my model' would"), ("`extras = .all` keeps it", "--extra all keeps it"),
        ("`Archive.unpin(200)` unpins it", "`varve pin --remove --steps 200` unpins it"),
        ("until `Archive.prune`, and", "until `varve prune`, and"), ("`varve prune` would", "`varve prune` would"),
        ("a `word` and a lone `", "a `word` and a lone `"), ("plain", "plain"),
    ])
    func theyAreTranslated(text: String, expected: String) {
        #expect(OptionNames.translated(text) == expected)
        #expect(OptionNames.translated(expected) == expected)
    }
}
