import FileSystem
import Testing

@testable import TensorFiles

/// Single members of JSON files that lie beside checkpoints. They come from users: whatever they say, nothing traps.
@Suite struct JSONMemberTests {
    private func number(_ text: String) throws -> Int? {
        try JSONScanner.member("n", of: Array(text.utf8), file: "a.json") { (scanner) throws(VarveError) in
            try scanner.integer()
        }
    }

    private func string(_ text: String) throws -> String? {
        try JSONScanner.string("s", of: Array(text.utf8), file: "a.json")
    }

    @Test(arguments: [
        (#"{"n": 20}"#, 20), (#"{"a": [1, {"n": 3}], "n": -7, "b": null}"#, -7), (#" { "n" : 20.0 } "#, 20),
        (#"{"n": 2e1}"#, 20), (#"{"n": 1, "n": 2}"#, 2), (#"{"n": null}"#, nil), ("{}", nil), (#"{"N": 1}"#, nil),
        (#"{"n": 9223372036854775807}"#, Int.max), (#"{"n": -9223372036854775808}"#, Int.min), (#"{"n": -0}"#, 0),
    ])
    func aWholeNumberIsReadHoweverItIsWritten(text: String, value: Int?) throws {
        #expect(try number(text) == value)
    }

    @Test(arguments: [
        "", " ", "[1]", "1", #"{"n": 1"#, #"{"n": 1}}"#, #"{"n": 1,}"#, #"{"n": 01}"#, #"{"n": 1.5}"#, #"{"n": "1"}"#,
        #"{"n": 9223372036854775808}"#, #"{"n": -1e19}"#, #"{"n": 1e400}"#, #"{"n": true}"#, #"{"n": [1]}"#,
        #"{"n": NaN}"#, #"{"n": Infinity}"#, #"{"n": -Infinity}"#, #"{"n": 1, "a": nan}"#, #"{"n": 1, "a": -NaN}"#,
        #"{"n": 1, "a": +Infinity}"#, #"{"n": 1, "a": Inf}"#, #"{"n": 1, "a": -Inf}"#, #"{"n": 1, "a": NaNs}"#,
        #"{"n": 1, "a": 1e999}"#, #"{'n': 1}"#, "\u{FEFF}{\"n\": 1}", #"{"n": 1, "a": "\ud80"}"#,
        "{\"n\": 1, \"a\": \"\u{1}\"}",
    ])
    func whatIsNoJSONOrNoWholeNumberIsMalformed(text: String) {
        let error = #expect(throws: VarveError.self) { try number(text) }
        #expect(error?.code == .malformed)
        #expect(error?.location.file == "a.json" && error?.location.offset != nil)
        #expect(error?.message.hasPrefix("JSON: ") == true)
    }

    /// What Python's `json.dumps` makes of numbers that are none, and of paths whose bytes are no UTF-8.
    @Test(arguments: ["NaN", "Infinity", "-Infinity", "[NaN, -1, -Infinity]", #"{"x": Infinity}"#, #""\ud800""#])
    func whatPythonWritesIsSkipped(value: String) throws {
        #expect(try number(#"{"a": \#(value), "n": 1}"#) == 1)
        #expect(try number(#"{"n": 1, "a": \#(value)}"#) == 1)
        for count in 1..<value.utf8.count {
            #expect(throws: VarveError.self, "\(count)") { try number(#"{"n": 1, "a": \#(value.prefix(count))}"#) }
        }
        var scanner = JSONScanner(Array(value.utf8), file: "a.safetensors", base: 0)
        #expect(throws: VarveError.self) { try scanner.skipValue() }
    }

    @Test func loneSurrogatesAreReplaced() throws {
        #expect(try string(#"{"s": "/caf\udce9/out"}"#) == "/caf\u{FFFD}/out")
        #expect(try string(#"{"s": "\ud800\u0041\ud83d\ude00\ud83d"}"#) == "\u{FFFD}A😀\u{FFFD}")
        #expect(try string(#"{"s": "\ud800\ud83d\ude00"}"#) == "\u{FFFD}😀")
    }

    @Test func stringsHaveTheirEscapesResolved() throws {
        #expect(try string(#"{"s": "a\/\"\u00e9\ud83d\ude00"}"#) == "a/\"é😀")
        #expect(try string(#"{"s": ""}"#) == "")
        #expect(try string(#"{"t": "a"}"#) == nil)
        #expect(throws: VarveError.self) { try string(#"{"s": 1}"#) }
        #expect(throws: VarveError.self) { try JSONScanner.string("s", of: [0x7B, 0x22, 0xFF, 0x22], file: "a.json") }
    }

    @Test func anObjectOfStringsIsRead() throws {
        func strings(_ text: String) throws -> [String: String]? {
            try JSONScanner.member("m", of: Array(text.utf8), file: "a.json") { (scanner) throws(VarveError) in
                try scanner.strings()
            }
        }
        #expect(try strings(#"{"m": {"a": "x", "b": "y"}, "z": 1}"#) == ["a": "x", "b": "y"])
        #expect(try strings(#"{"m": {}}"#) == [:])
        for text in [#"{"m": {"a": 1}}"#, #"{"m": {"a": null}}"#, #"{"m": []}"#, #"{"m": {"a": "x",}}"#] {
            #expect(throws: VarveError.self, "\(text)") { try strings(text) }
        }
    }

    @Test func nestingIsLimitedAndEveryCutIsNoticed() throws {
        func nested(_ depth: Int) -> String {
            #"{"a": "# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + #", "n": 1}"#
        }
        #expect(try number(nested(JSONScanner.depthLimit - 1)) == 1)
        for depth in [JSONScanner.depthLimit, 300_000] {
            #expect(throws: VarveError.self) { try number(nested(depth)) }
        }
        let whole = Array(#"{"n": 1, "a": ["\u00e9", {"b": -1.5e-3, "c": [true, false, null]}]}"#.utf8)
        for count in 0..<whole.count {
            #expect(throws: VarveError.self, "\(count)") {
                try JSONScanner.string("s", of: Array(whole.prefix(count)), file: "a.json")
            }
        }
    }
}
