import Testing

@testable import Checkpoints

@Suite struct ExpertNamesTests {
    @Test func aRanksExpertsAreCountedThroughAllRanks() throws {
        let names = (0..<2).flatMap { expert in
            ["weight", "bias"].map { "moe.deepspeed_moe.experts.deepspeed_experts.\(expert).0.\($0)" }
        }
        let experts = try #require(ExpertNames(names))
        #expect(names.map { experts.name($0, rank: 0) } == names)
        #expect(experts.name(names[3], rank: 3) == "moe.deepspeed_moe.experts.deepspeed_experts.7.0.bias")
    }

    /// Layers need not have as many experts each.
    @Test func everyLayerCountsItsOwn() throws {
        let names = ["a.deepspeed_experts.0.w", "b.deepspeed_experts.0.w", "b.deepspeed_experts.1.w"]
        let experts = try #require(ExpertNames(names))
        let counted = ["a.deepspeed_experts.1.w", "b.deepspeed_experts.2.w", "b.deepspeed_experts.3.w"]
        #expect(names.map { experts.name($0, rank: 1) } == counted)
    }

    /// Layers that every token passes are called experts as well.
    @Test(arguments: [
        ["shared_experts.up.weight"], ["a.deepspeed_experts.0.w", "gate.w"], ["a.deepspeed_experts.x"], [],
    ])
    func aGroupOfOthersIsNone(names: [String]) {
        #expect(ExpertNames(names) == nil)
    }
}
