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

    /// Both orders in which transformers registered a ViT's layers come into question, and no other.
    @Test(arguments: [
        ["attention", "layernorm_before", "layernorm_after", "intermediate", "output"],
        ["attention", "intermediate", "output", "layernorm_before", "layernorm_after"],
    ])
    func savedViT(layer: [String]) {
        let modules: [String: [String]] = [
            "attention": ["attention.query", "attention.key", "attention.value", "output.dense"].map {
                "attention.\($0)"
            },
            "intermediate": ["intermediate.dense"], "output": ["output.dense"],
        ]
        let layers = (0..<12).flatMap { number in
            layer.flatMap { modules[$0] ?? [$0] }.flatMap { module in
                ["weight", "bias"].map { "vit.encoder.layer.\(number).\(module).\($0)" }
            }
        }
        let embeddings = ["cls_token", "position_embeddings", "patch_embeddings.projection.weight"]
        let registered =
            embeddings.map { "vit.embeddings.\($0)" } + layers
            + ["vit.layernorm.weight", "vit.layernorm.bias", "classifier.weight", "classifier.bias"]
        let sorted = registered.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let documented = ModelFamilies.orders(sorted.map { ParameterNames.parts($0) }).filter(\.isDocumented)
        #expect(documented.count == 2)
        #expect(documented.contains { $0.order.map { sorted[$0] } == registered })
    }

    @Test func positionTableOfSwinFollowsTheAttention() {
        let attention = ["self.query.weight", "self.value.weight", "output.dense.weight"]
        let names =
            ["swin.embeddings.norm.weight"]
            + (attention + ["self.relative_position_bias_table"]).map {
                "swin.encoder.layers.0.blocks.0.attention.\($0)"
            }
            + ["swin.encoder.layers.0.blocks.0.layernorm_before.weight"]
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let orders = ModelFamilies.orders(sorted.map { ParameterNames.parts($0) })
        #expect(orders.first?.isDocumented == true)
        #expect(orders.first?.order.map { sorted[$0] } == names)
    }

    @Test func convNextV2() {
        let layer = ["dwconv", "layernorm", "pwconv1", "grn", "pwconv2"]
        check(
            ["convnextv2.embeddings.patch_embeddings.weight"]
                + layer.map { "convnextv2.encoder.stages.0.layers.0.\($0).weight" }
                + ["convnextv2.layernorm.weight", "classifier.weight"])
    }

    @Test func namesOfNoKnownFamilyHaveNoDocumentedOrder() {
        let orders = ModelFamilies.orders([["first", "weight"], ["second", "weight"]])
        #expect(orders.allSatisfy { !$0.isDocumented })
    }
}
