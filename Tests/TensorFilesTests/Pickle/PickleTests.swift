import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The pickle machine against Python's own pickles, and against pickles nobody should read.
@Suite struct PickleTests {
    private func read(_ bytes: [UInt8]) throws(VarveError) -> PickleTree { try PickleTree.read(MemorySource(bytes)) }

    private func render(_ bytes: [UInt8]) throws -> String { PickleRendering.text(of: try read(bytes)) }

    private func code(_ bytes: [UInt8]) -> VarveError.Code? {
        do throws(VarveError) { _ = try read(bytes) } catch { return error.code }
        return nil
    }

    private func table() throws -> [(kind: String, bytes: [UInt8])] {
        try Fixtures.table("pickles.tsv").map { fields in
            let digits = Array(fields[2])
            return (
                fields[0],
                stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
            )
        }
    }

    @Test func everyProtocolGivesTheSameObject() throws {
        let texts = try table().filter { $0.kind == "plain" }.map { try render($0.bytes) }
        #expect(texts.count == 6)
        for text in texts { #expect(text == texts[2]) }
        #expect(texts[2].contains("'none': None"))
        #expect(texts[2].contains("[True, False]"))
        #expect(
            texts[2].contains(
                "[0, 1, -1, 255, 256, 65535, 65536, -2147483648, 2147483648, 9223372036854775807, -9223372036854775808, "
            ))
        #expect(
            texts[2].contains(
                "big 000000000000008000, big ffffffffffffff7fff, big ffffffffffffffff00, big 0000000000000000000001, big 00000000000000000000ff, big 00000040eaed7446d09c2c9f0c]"
            ))
        #expect(texts[2].contains("'text': ['', 'a b', 'line\nfeed', 'back\\slash', 'é€', '😀', 'xxx"))
        #expect(texts[2].contains("'nested': [[], [[]], (), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {'a': {1: 2}}]"))
        #expect(texts[2].contains("collections.OrderedDict()"))
    }

    @Test func bytesAndSetsOfLaterProtocolsAreRead() throws {
        for (kind, bytes) in try table() where kind == "rich" {
            let text = try render(bytes)
            #expect(text.hasPrefix("[bytes , bytes 6279746573ff, bytes 7979"), "\(text)")
            #expect(text.contains("{1}, {2}, "))
            #expect(text.contains("argparse.Namespace() state {'a': 1}"))
        }
    }

    @Test func textOpcodesOfOldPythonAreRead() throws {
        #expect(try render(Array(#"S'a\x41\101\n\\\''"#.utf8) + [0x0A, 0x2E]) == "bytes 6141410a5c27")
        #expect(try render(Array(#"S"it's""#.utf8) + [0x0A, 0x2E]) == "bytes 69742773")
        #expect(try render(Array(#"V\u00e9\U0001f600\ud800x"#.utf8) + [0x0A, 0x2E]) == "'é😀\u{FFFD}x'")
        #expect(try render(Array("I01\n.".utf8)) == "True")
        #expect(try render(Array("I00\n.".utf8)) == "False")
        #expect(try render(Array("I-7\n.".utf8)) == "-7")
        #expect(try render(Array("L-129L\n.".utf8)) == "-129")
        #expect(try render(Array("L-18446744073709551616L\n.".utf8)) == "big 0000000000000000ff")
        #expect(try render(Array("F-1.5e3\n.".utf8)) == "-1500.0")
        #expect(try render(Array("(I1\nI2\nlp0\n0g0\n.".utf8)) == "[1, 2]")
        #expect(try render(Array("(S'a'\nI1\nd.".utf8)) == "{bytes 61: 1}")
        #expect(try render(Array("Pkey\n.".utf8)) == "persistent 'key'")
        #expect(try render([0x54, 2, 0, 0, 0, 0x61, 0xFF, 0x2E]) == "bytes 61ff")
        #expect(try render([0x55, 1, 0x61, 0x2E]) == "bytes 61")
        for line in [
            "Ix\n.", "I\n.", "L12x\n.", "Fx\n.", "F0x10\n.", "Sabc\n.", "S'a\n.", "S'\\\n.", "V\\u12\n.", "gx\n.",
            "NI\npx\n.",
        ] {
            #expect(code(Array(line.utf8)) == .malformed, "\(line)")
        }
        #expect(code(Array(("L" + String(repeating: "9", count: 4301) + "\n.").utf8)) == .malformed)
        #expect(code(Array(("L" + String(repeating: "9", count: 4300) + "\n.").utf8)) == nil)
    }

    @Test func surrogatesBecomeReplacementCharactersAndOtherBadTextIsRefused() throws {
        #expect(try render([0x8C, 4, 0xED, 0xB3, 0xBF, 0x61, 0x2E]) == "'\u{FFFD}a'")
        #expect(code([0x8C, 1, 0xFF, 0x2E]) == .malformed)
        #expect(code([0x8C, 2, 0xED, 0xB3, 0x2E]) == .malformed)
    }

    @Test func sharedObjectsAreSharedNodesAndLaterChangesShow() throws {
        // x = []; y = [x, x]; x.append(None), through the memo
        let tree = try read([0x5D, 0x71, 0, 0x5D, 0x28, 0x68, 0, 0x68, 0, 0x65, 0x68, 0, 0x4E, 0x61, 0x30, 0x2E])
        let elements = try #require(tree.elements(tree.root))
        #expect(elements.count == 2)
        #expect(elements[0] == elements[1])
        #expect(tree.elements(elements[0])?.count == 1)
    }

    @Test func objectsKeepArgumentsStateItemsAndPairs() throws {
        let call = Array("cm\nC\n".utf8)
        #expect(try render(call + [0x4B, 1, 0x85, 0x52, 0x2E]) == "m.C(1)")
        #expect(try render(call + [0x29, 0x81, 0x7D, 0x62, 0x2E]) == "m.C() state {}")
        #expect(try render(call + [0x29, 0x81, 0x4B, 1, 0x62, 0x4B, 2, 0x62, 0x2E]) == "m.C() state (1, 2)")
        #expect(try render(call + [0x29, 0x7D, 0x92, 0x2E]) == "m.C((), {})")
        #expect(try render(call + [0x29, 0x52, 0x4B, 1, 0x61, 0x28, 0x4B, 2, 0x65, 0x2E]) == "m.C() items [1, 2]")
        #expect(try render(call + [0x29, 0x52, 0x4B, 1, 0x4E, 0x73, 0x2E]) == "m.C() pairs {1: None}")
        #expect(try render([0x8C, 1, 0x6D, 0x8C, 1, 0x43, 0x93, 0x2E]) == "m.C")
        #expect(try render([0x4B, 1, 0x51, 0x2E]) == "persistent 1")
    }

    @Test func whatTheStackDoesNotHoldIsMalformed() {
        let cases: [[UInt8]] = [
            [0x2E], [0x30, 0x2E], [0x32, 0x2E], [0x31, 0x2E], [0x61, 0x2E], [0x65, 0x2E], [0x74, 0x2E], [0x85, 0x2E],
            [0x4E, 0x86, 0x2E],
            [0x4E, 0x28, 0x61, 0x2E], [0x4E, 0x28, 0x85, 0x2E], [0x28, 0x2E], [0x4E, 0x4E, 0x61, 0x2E],
            [0x29, 0x4E, 0x61, 0x2E],
            [0x5D, 0x4E, 0x4E, 0x73, 0x2E], [0x7D, 0x28, 0x4E, 0x75, 0x2E], [0x28, 0x4E, 0x64, 0x2E],
            [0x4E, 0x71, 0, 0x30, 0x68, 1, 0x2E],
            [0x71, 0, 0x2E], [0x94, 0x2E], [0x4E, 0x4E, 0x52, 0x2E], [0x4E, 0x4E, 0x62, 0x2E],
            [0x4E, 0x4E, 0x93, 0x2E], [0x51, 0x2E],
            [0x4E, 0x29, 0x29, 0x92, 0x2E], [0x8F, 0x4E, 0x61, 0x2E], [0x5D, 0x28, 0x4E, 0x90, 0x2E],
        ]
        for bytes in cases { #expect(code(bytes) == .malformed, "\(bytes)") }
    }

    @Test func opcodesThatNoCheckpointHasAreRefusedWithTheirOffset() throws {
        for opcode: UInt8 in [0x69, 0x6F, 0x82, 0x83, 0x84, 0x97, 0x98, 0x00, 0x7F, 0xFF] {
            do throws(VarveError) {
                _ = try read([0x80, 2, 0x4E, opcode, 0, 0, 0, 0, 0x2E])
                Issue.record("opcode \(opcode) was read")
            } catch {
                #expect(error.code == .unsupported)
                #expect(error.location.offset == 3)
            }
        }
        #expect(code([0x80, 6, 0x4E, 0x2E]) == .unsupported)
    }

    @Test func truncationAtEveryByteIsDetected() throws {
        for (_, bytes) in try table() {
            HostileFiles.forEachTruncation(of: bytes) { count, part in
                if code(part) != .truncated { Issue.record("cut to \(count) bytes: \(String(describing: code(part)))") }
            }
        }
    }

    @Test func everyDamagedByteGivesAnErrorOrATree() throws {
        for (_, bytes) in try table().dropFirst(4) {
            HostileFiles.forEachMutation(of: bytes) { _, damaged in _ = code(damaged) }
        }
    }

    @Test(.timeLimit(.minutes(10))) func hostilePicklesEndQuickly() throws {
        for (name, bytes) in HostileFiles.pickles {
            _ = code(bytes)
            // As the data.pkl of a torch file the tree is walked as well.
            let (_, violation) = FileChecks.outcome(of: TorchMaker.zip(pickle: bytes, storages: []))
            #expect(violation == nil, "\(name)")
        }
    }

    /// A million single APPENDs to one list would take hours if each copied the list.
    @Test(.timeLimit(.minutes(10))) func appendingIsLinear() throws {
        let count = 200_000
        let list: [UInt8] = [0x5D] + (0..<2 * count).map { $0 % 2 == 0 ? 0x4E : 0x61 } + [0x2E]
        let tree = try read(list)
        #expect(tree.elements(tree.root)?.count == count)
        let dict: [UInt8] = [0x7D] + (0..<3 * count).map { $0 % 3 < 2 ? 0x4E : 0x73 } + [0x2E]
        let second = try read(dict)
        #expect(second.pairs(second.root)?.count == count)
    }
}
