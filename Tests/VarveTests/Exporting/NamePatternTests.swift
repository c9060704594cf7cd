import Testing
import Varve

/// Patterns of tensors' names.
@Suite struct NamePatternTests {
    @Test(arguments: [
        ("lm_head.weight", ["lm_head.weight"], ["lm_head.weight2", "xlm_head.weight", "lm_head_weight", ""]),
        ("model.layers.0.*", ["model.layers.0.a", "model.layers.0.", "model.layers.0.mlp.up"], ["model.layers.00.a"]),
        ("*.exp_avg", ["a.exp_avg", ".exp_avg"], ["a.exp_avg_sq", "exp_avg"]),
        ("*", ["", "a", "a.b"], []),
        ("a*b*c", ["abc", "a.b.c", "abbcc", "abcbc"], ["ab", "abcb", "bac"]),
        ("h.?.w", ["h.1.w", "h.é.w", "h...w"], ["h.12.w", "h..w"]),
        ("h.[0-3x].w", ["h.0.w", "h.3.w", "h.x.w"], ["h.4.w", "h.-.w", "h.03.w"]),
        ("h.[!0-3].w", ["h.4.w", "h.x.w"], ["h.0.w", "h..w"]),
        ("[]].w", ["].w"], ["[.w"]), ("[3-0]", ["1"], ["4"]), ("[a-]", ["a", "-"], ["b"]),
        ("layers[0.w", ["layers[0.w"], ["layers0.w"]), ("[", ["["], [""]), ("[!", ["[!"], ["a"]),
        ("", [""], ["a"]), ("**a", ["a", "ba"], ["b"]),
    ])
    func aNameFitsOrNot(pattern: String, fitting: [String], others: [String]) {
        let pattern = NamePattern(pattern)
        for name in fitting { #expect(pattern.matches(name), "\(pattern.text) \(name)") }
        for name in others { #expect(!pattern.matches(name), "\(pattern.text) \(name)") }
    }

    @Test(.timeLimit(.minutes(1))) func manyStarsTakeNoLongTime() {
        let pattern = NamePattern(String(repeating: "a*", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5000)))
    }
}
