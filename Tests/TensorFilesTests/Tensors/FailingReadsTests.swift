import FileSystem
import Glibc
import TensorFiles
import Testing
import VarveTestSupport

@Suite struct FailingReadsTests {
    private func code(_ body: () throws -> Void) -> VarveError.Code? {
        do { try body() } catch { return (error as? VarveError)?.code }
        return nil
    }

    /// A failing disk is never mistaken for a file of another kind.
    @Test func everyFailingReadIsAnErrorOfOpening() throws {
        let directory = try TemporaryDirectory()
        let files = DamageTests.files + [("a zip of another kind", try Fixtures.bytes("other/script.pt"))]
        for (name, bytes) in files {
            try directory.write(bytes, to: "x")
            let input = try InputFile(directory.file("x"))
            let counting = FailingCalls(failAt: -1, 0, pathPart: directory.path)
            _ = try counting.installed { try TensorFile.open(input) }
            #expect(counting.count > 0)
            for index in 0..<counting.count {
                let failing = FailingCalls(failAt: index, EIO, pathPart: directory.path)
                #expect(
                    failing.installed { code { _ = try TensorFile.open(input) } } == .inputOutput,
                    "\(name), read \(index)")
            }
        }
    }
}
