import Foundation
import Testing
import VarveTestSupport

@testable import CompressRun
@testable import ReadTensor

/// The examples work, and the documents show them as they are.
@Suite struct ExampleTests {
    let directory = try! TemporaryDirectory()
    static let run = SharedRuns.fixtures("hf-trainer-run")

    @Test func theyWorkOnARun() async throws {
        let archive = directory.file("run.varve"), output = directory.file("restored")
        let ratio = try await compressRun(Self.run, to: archive, restoringTo: output)
        #expect(ratio > 10)
        let restored = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        let original = try FileManager.default.contentsOfDirectory(atPath: Self.run + "/checkpoint-1000").sorted()
        #expect(restored == original)

        let squares = try meanSquares(of: "lm_head.weight", in: archive)
        #expect(squares.keys.sorted() == [200, 400, 600, 800, 1000])
        #expect(squares.values.allSatisfy { $0 > 0 && $0 < 1 })
    }

    @Test(arguments: [
        "Docs/guide/swift.md", "Sources/Varve/Varve.docc/CompressAndRestore.md",
        "Sources/Varve/Varve.docc/ReadOneTensor.md",
    ])
    func documentsShowThemAsTheyAre(document: String) throws {
        let root = SharedRuns.packageRoot + "/"
        let text = try String(contentsOfFile: root + document, encoding: .utf8)
        let blocks = text.matches(of: /```swift\n((?s).*?)```/).map { String($0.1) }.filter {
            $0.hasPrefix("import Varve")
        }
        let sources = try ["CompressRun", "ReadTensor"].map {
            try String(contentsOfFile: root + "Examples/\($0)/\($0).swift", encoding: .utf8)
        }
        #expect(blocks.count == (document == "Docs/guide/swift.md" ? 2 : 1))
        for block in blocks { #expect(sources.contains(block), "\(document) shows\n\(block)") }
    }
}
