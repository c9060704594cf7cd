import Testing

@testable import VarveCommand

@Suite struct TextTableTests {
    /// A table of names with figures that may be left out.
    private func table(_ names: [String]) -> TextTable {
        var table = TextTable([
            .init(title: "name", alignment: .left), .init(title: "original", alignment: .right, expendable: 2),
            .init(title: "stored", alignment: .right, expendable: 1), .init(title: "ratio", alignment: .right),
        ])
        for name in names { table.add([name, "1,024,000 bytes", "10,240 bytes", "100.0x"]) }
        return table
    }

    /// Layers differ in the middle of their tensors' names, which is what is shortened first.
    @Test(arguments: [60, 80, 200]) func namesThatDifferStillDoWhenTheyAreShortened(width: Int) {
        let names = (0..<32).flatMap { layer in
            ["q_proj", "k_proj", "o_proj"].map { "model.layers.\(layer).self_attn.\($0).weight" }
        }
        let lines = table(names).lines(width: width)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(Set(lines).count == names.count + 1)
    }

    @Test func noLineIsLongerThanTheTerminalWhateverTheNames() {
        let names = (0..<10).map { String(repeating: "a", count: 100) + "\($0)" + String(repeating: "b", count: 100) }
        #expect(table(names).lines(width: 60).allSatisfy { $0.count <= 60 })
    }
}
