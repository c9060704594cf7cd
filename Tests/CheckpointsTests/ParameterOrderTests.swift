import Testing

@testable import Checkpoints

/// The order of registration, found again from names that a safetensors file has sorted.
@Suite struct ParameterOrderTests {
    private func check(_ registered: [String], isDocumented: Bool = true) {
        let sorted = registered.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let orders = ModelFamilies.orders(sorted.map { ParameterNames.parts($0) })
        #expect(orders.first?.order.map { sorted[$0] } == registered)
        #expect(orders.first?.isDocumented == isDocumented)
        #expect(orders.filter(\.isDocumented).count == (isDocumented ? 1 : 0))
    }

    private static let llamaLayer = [
        "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
        "mlp.down_proj", "input_layernorm", "post_attention_layernorm",
    ]

    @Test func llamaWithTwelveLayers() {
        let layers = (0..<12).flatMap { layer in Self.llamaLayer.map { "model.layers.\(layer).\($0).weight" } }
        check(["model.embed_tokens.weight"] + layers + ["model.norm.weight", "lm_head.weight"])
    }

    @Test func adaptersOfLlama() {
        let names = (0..<12).flatMap { layer in
            Self.llamaLayer.prefix(7).flatMap { module in
                ["A", "B"].map { "base_model.model.model.layers.\(layer).\(module).lora_\($0).weight" }
            }
        }
        check(names)
    }

    @Test func gpt2() {
        let layers = (0..<11).flatMap { layer in
            ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"].flatMap { module in
                ["weight", "bias"].map { "transformer.h.\(layer).\(module).\($0)" }
            }
        }
        check(
            ["transformer.wte.weight", "transformer.wpe.weight"] + layers
                + ["transformer.ln_f.weight", "transformer.ln_f.bias"])
    }

    @Test func namesOfNoKnownFamilyHaveNoDocumentedOrder() {
        let orders = ModelFamilies.orders([["first", "weight"], ["second", "weight"]])
        #expect(orders.allSatisfy { !$0.isDocumented })
    }
}
