import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Real files, written by torch and safetensors themselves.
@Suite struct FixtureTests {
    /// Names, dtypes, shapes and bytes are what torch and safetensors load.
    @Test func tensorsAreThoseTheFrameworkLoads() throws {
        let expected = try Fixtures.table("tensors.tsv").map { $0.joined(separator: "\t") }
        var found: [String] = []
        for path in try Fixtures.paths() {
            let file = try #require(try TensorFile.open(try InputFile(path)), "\(path)")
            try FileChecks.expectConsistent(file)
            found += try Fixtures.rows(of: file, name: path.split(separator: "/").suffix(2).joined(separator: "/"))
        }
        #expect(Set(found).symmetricDifference(expected).sorted() == [])
    }
}
