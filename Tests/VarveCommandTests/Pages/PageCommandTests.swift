import Foundation
import FileSystem
import Testing
import VarveTestSupport

/// Pages as a user asks for them.
@Suite struct PageCommandTests {
    let codes = ExitCodeTests()

    private func archive(_ options: String...) throws -> String {
        let path = codes.path("a\(options.count).varve"), run = Paths.join(ExitCodeTests.fixtures, "odd-run")
        #expect(try codes.varve(["compress", run, path, "-q"] + options).status == 0)
        return path
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func aPageIsWrittenAndWrittenAgain() throws {
        let archive = try archive(), page = codes.path("page.html")
        let outcome = try codes.varve("report", archive, "--html", page)
        #expect(outcome.status == 0 && outcome.output.hasPrefix("\(page): "))
        let first = try text(page)
        // A name, which no browser asks for.
        let addresses = first.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        #expect(first.hasPrefix("<!DOCTYPE html>") && !addresses.contains("http://") && !addresses.contains("https://"))
        #expect(try codes.varve("report", archive, "--html", page, "-q").output.isEmpty)
        #expect(try text(page) == first)
        #expect(try codes.varve("report", archive, "--html", "-").output == first)
        let document = try codes.varve("report", archive, "--html", page, "--json").output
        #expect(try document == codes.varve("report", archive, "--json").output)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: codes.directory.path).allSatisfy {
                !$0.hasPrefix(".varve")
            })
    }

    @Test func whatIsNoPageStays() throws {
        let archive = try archive(), file = codes.path("notes.html")
        try "<html>mine</html>".write(toFile: file, atomically: true, encoding: .utf8)
        let refused = try codes.varve("report", archive, "--html", file)
        #expect(refused.status == 1 && refused.error.contains("--overwrite replaces it"))
        #expect(try text(file) == "<html>mine</html>")
        #expect(try codes.varve("report", archive, "--html", file, "--overwrite").status == 0)
        #expect(try text(file).hasPrefix("<!DOCTYPE html>"))
        for place in [codes.directory.path, "/dev/null"] {
            #expect(try codes.varve("report", archive, "--html", place, "--overwrite").status == 1)
        }
        for arguments in [["--html", "-", "--json"], ["--html", file, "--csv"], ["--overwrite"], ["--html", ""]] {
            #expect(try codes.varve(["report", archive] + arguments).status == 2)
        }
    }

    @Test func aLinkToAPageStaysALink() throws {
        let archive = try archive(), page = codes.path("page.html"), link = codes.path("link.html")
        #expect(try codes.varve("report", archive, "--html", page).status == 0)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "page.html")
        #expect(try codes.varve("report", archive, "--html", link).status == 0)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "page.html")
    }

    @Test func twoArchivesSideBySide() throws {
        let balanced = try archive(), exact = try archive("--quality", "lossless"), page = codes.path("compare.html")
        let table = try codes.varve("compare", balanced, exact)
        #expect(table.status == 0 && table.output.contains("stored A") && table.output.contains("B: \(exact)"))
        let document = try codes.varve("compare", balanced, exact, "--json", "--html", page)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(document.output.utf8)) as? [String: Any])
        let steps = try #require(json["steps"] as? [[String: Any]])
        #expect(json["type"] as? String == "comparison" && steps.count == 3)
        for (name, archive) in [("first", balanced), ("second", exact)] {
            let stored = steps.reduce(0) { $0 + (($1[name] as? [String: Any])?["storedBytes"] as? Int ?? 0) }
            let report =
                try JSONSerialization.jsonObject(
                    with: Data(codes.varve("report", archive, "--by", "step", "--json").output.utf8)) as? [String: Any]
            let expected = (report?["steps"] as? [[String: Any]])?.reduce(0) { $0 + ($1["storedBytes"] as? Int ?? 0) }
            #expect(stored == expected)
        }
        #expect(try text(page).contains("<h2 id=\"layers-title\">"))
    }

    @Test func aBenchmarkIsAPageToo() throws {
        let run = Paths.join(ExitCodeTests.fixtures, "odd-run"), page = codes.path("bench.html")
        let outcome = try codes.varve(
            "bench", run, "--qualities", "lossless,balanced", "--html", page, "--evaluate", "echo 2.5 # {}")
        #expect(outcome.status == 0)
        let html = try text(page)
        #expect(html.contains("Ratio against the evaluation") && html.contains("balanced"))
    }
}
