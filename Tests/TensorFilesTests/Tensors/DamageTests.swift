import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Small files damaged in every place: an error or a consistent result, never a trap.
@Suite struct DamageTests {
    static let tensors = [
        TestTensor("a.weight", shape: [3, 2], seed: 1),
        TestTensor("b", dtype: "BF16", shape: [4], bytes: [1, 2, 3, 4, 5, 6, 7, 8]),
        TestTensor("empty", shape: [0, 3], bytes: []), TestTensor("step", shape: [], floats: [20]),
    ]
    static let files: [(String, [UInt8])] = [
        ("safetensors", SafetensorsMaker.file(tensors, metadata: [("format", "pt")])),
        ("torch zip", TorchMaker.zip(tensors)),
        ("torch legacy", TorchMaker.legacy(tensors)),
    ]

    @Test(arguments: files) func theUndamagedFileOpens(_ name: String, _ file: [UInt8]) throws {
        let opened = try #require(try TensorFile.open(MemorySource(file)))
        #expect(opened.tensors.map(\.name) == Self.tensors.map(\.name))
        for (found, expected) in zip(opened.tensors, Self.tensors) {
            #expect(try opened.contiguousBytes(of: found) == expected.bytes)
            #expect(found.shape == expected.shape)
            #expect(found.dtype.rawValue == expected.dtype)
        }
    }

    @Test(arguments: files) func truncationAtEveryByteIsDetected(_ name: String, _ file: [UInt8]) {
        var outcomes: [String: Int] = [:]
        HostileFiles.forEachTruncation(of: file) { count, bytes in
            let (word, violation) = FileChecks.outcome(of: bytes)
            outcomes[word, default: 0] += 1
            if word != "truncated", count >= 15, !(word == "malformed" && name == "safetensors") {
                Issue.record("\(name) cut to \(count) bytes: \(word)")
            }
            if let violation { Issue.record("\(name) cut to \(count) bytes: \(violation)") }
        }
        #expect(outcomes["opened"] == nil)
    }

    @Test(arguments: files) func everyDamagedByteGivesAnErrorOrAConsistentResult(_ name: String, _ file: [UInt8]) {
        HostileFiles.forEachMutation(of: file) { index, bytes in
            if let violation = FileChecks.outcome(of: bytes).violation {
                Issue.record("\(name), byte \(index) is \(bytes[index]): \(violation)")
            }
        }
    }

    @Test func randomBytesAreNoTensorFile() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            #expect(FileChecks.outcome(of: random.bytes(Int(random.next() % 300))).word == "nil")
        }
    }

    @Test func otherFilesAreKeptWhole() throws {
        for path in try SharedRuns.files(under: SharedRuns.fixtures("files/other")) {
            let file = try TensorFile.open(try InputFile(path))
            #expect(file == nil, "\(path)")
        }
        #expect(FileChecks.outcome(of: Array(#"{"architectures": ["x"], "hidden": 3}"#.utf8)).word == "nil")
        #expect(FileChecks.outcome(of: Array("[1, 2, 3]\n".utf8)).word == "nil")
        #expect(FileChecks.outcome(of: []).word == "nil")
    }
}
