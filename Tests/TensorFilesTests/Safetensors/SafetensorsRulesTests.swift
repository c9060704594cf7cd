import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The reader accepts and rejects what the reference implementation does; its verdicts are in a table.
@Suite struct SafetensorsRulesTests {
    struct Case: CustomTestStringConvertible {
        var accepted: Bool
        var file: [UInt8]
        var testDescription: String
    }

    static func cases() throws -> [Case] {
        try Fixtures.table("safetensors-rules.tsv").map { fields in
            let digits = Array(fields[2])
            let header = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0..<$0 + 2]), radix: 16)
            }
            let data = [UInt8](repeating: 0, count: Int(fields[3]) ?? 0)
            return Case(
                accepted: fields[0] == "accept",
                file: SafetensorsMaker.file(header: header, data: data, declaring: UInt64(fields[1])),
                testDescription: fields[4])
        }
    }

    @Test func verdictsAreThoseOfTheReference() throws {
        let cases = try Self.cases()
        #expect(cases.count > 150)
        for item in cases {
            let verdict: Result<TensorFile, VarveError>
            do throws(VarveError) {
                verdict = .success(try TensorFile.openSafetensors(MemorySource(item.file)))
            } catch {
                verdict = .failure(error)
                #expect(error.code == .malformed || error.code == .truncated, "\(item.testDescription)")
                #expect(error.location.file == "memory", "\(item.testDescription)")
                #expect(error.location.offset != nil || item.file.count < 8, "\(item.testDescription)")
            }
            #expect(((try? verdict.get()) != nil) == item.accepted, "\(item.testDescription): \(verdict)")
            if let file = try? verdict.get() { try FileChecks.expectConsistent(file) }
        }
    }

    /// `open` never reads a file differently than the strict reader, it only may say that it is none.
    @Test func recognitionAgreesWithTheStrictReader() throws {
        for item in try Self.cases() {
            if item.accepted, item.file.count >= 10 {
                let opened = try TensorFile.open(MemorySource(item.file))
                #expect(opened?.container == .safetensors, "\(item.testDescription)")
            } else {
                let opened = try? TensorFile.open(MemorySource(item.file))
                #expect(opened == nil, "\(item.testDescription)")
            }
        }
    }
}
