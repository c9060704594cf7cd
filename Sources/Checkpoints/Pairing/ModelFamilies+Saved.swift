extension ModelFamilies {
    /// Vision models under the names they are saved with: transformers 5 writes version 4's names while its modules
    /// stand in another order. Both orders come into question; the data tell which it was.
    static let savedVision: [Family] = [
        savedVision("vision, transformers 5", layer: "attention layernorm_before layernorm_after intermediate output"),
        savedVision("vision, transformers 4", layer: "attention intermediate output layernorm_before layernorm_after"),
    ]

    private static func savedVision(_ name: String, layer: String) -> Family {
        Family(
            name: name,
            table: """
                : vit deit beit dinov2 dinov2_with_registers swin classifier cls_classifier distillation_classifier
                attention: query key value attention self output relative_position_bias
                beit: embeddings encoder layernorm pooler
                blocks: #
                blocks.#: \(layer)
                deit: embeddings encoder layernorm pooler
                dinov2: embeddings encoder layernorm
                dinov2_with_registers: embeddings encoder layernorm
                downsample: reduction norm
                embeddings: cls_token mask_token position_embeddings register_tokens distillation_token
                embeddings: patch_embeddings norm
                encoder: layer layers
                intermediate: dense
                layer: #
                layer.#: lambda_1 lambda_2 norm1 \(layer) layer_scale1 norm2 mlp layer_scale2
                layer_scale1: lambda1
                layer_scale2: lambda1
                layers: #
                layers.#: blocks downsample
                mlp: fc1 fc2 weights_in weights_out
                output: dense
                patch_embeddings: projection
                pooler: layernorm dense
                relative_position_bias: relative_position_bias_table
                self: query key value
                swin: embeddings encoder layernorm
                vit: embeddings encoder layernorm pooler
                """)
    }

    /// Encoders whose head is registered before the model (XLM-RoBERTa for tokens).
    static let headFirst = Family(
        name: "encoders, head first",
        table: """
            : classifier qa_outputs roberta
            attention: self output
            embeddings: word_embeddings token_type_embeddings LayerNorm position_embeddings
            encoder: layer
            intermediate: dense
            layer: #
            layer.#: attention intermediate output
            output: dense LayerNorm
            roberta: embeddings encoder
            self: query key value
            """)

    /// Swin's table of relative positions is saved within `self`; its module comes after the attention's others.
    static func withModules(_ path: [String]) -> [String] {
        guard path.suffix(2) == ["self", "relative_position_bias_table"] else { return path }
        return path.dropLast(2) + ["relative_position_bias", "relative_position_bias_table"]
    }
}
