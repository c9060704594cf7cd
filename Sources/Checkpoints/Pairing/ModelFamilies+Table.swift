extension ModelFamilies {
    /// Known families, read off the models of transformers 5.23 (the last: torchvision and timm). Families whose
    /// sibling orders do not contradict each other share a table. Lines with the same parent continue one list.
    static let all: [Family] = [decoders, encoderDecoders, encoders, vision] + savedVision + [headFirst]

    static let decoders = Family(
        name: "decoders and BERT",
        table: """
            : model transformer score bert qa_outputs electra discriminator_predictions generator_predictions
            : generator_lm_head distilbert vocab_transform vocab_layer_norm vocab_projector pre_classifier
            : albert predictions deberta cls pooler mpnet shared encoder resnet convnext convnextv2 head classifier wav2vec2
            : lm_head backbone rwkv decoder
            DenseReluDense: wi wi_0 wi_1 wo
            EncDecAttention: q k v o
            SelfAttention: q k v o relative_attention_bias
            albert: embeddings encoder
            albert_layer_groups: #
            albert_layer_groups.#: albert_layers
            albert_layers: #
            albert_layers.#: full_layer_layer_norm attention ffn ffn_output
            attention: k_proj v_proj q_proj out_proj self q_lin k_lin v_lin out_lin query attn time_decay
            attention: time_first time_mix_key time_mix_value time_mix_receptance key value dense LayerNorm
            attention: receptance output
            attn: c_attn c_proj attention k_proj v_proj q_proj Wqkv Wo qkv_proj out_proj q k v o
            backbone: embeddings layers norm_f
            bert: embeddings encoder pooler
            block: #
            block.#: layer
            block_sparse_moe: gate experts
            blocks: #
            blocks.#: norm_1 attn norm_2 ffn pre_ln ln1 ln2 attention feed_forward
            classifier: weight bias dense out_proj #
            cls: predictions seq_relationship
            conv: weight bias parametrizations
            conv_layers: #
            conv_layers.#: conv layer_norm
            convnext: embeddings encoder layernorm
            convnextv2: embeddings encoder layernorm
            deberta: embeddings encoder
            decoder: bias block final_layer_norm
            discriminator_predictions: dense dense_prediction
            distilbert: embeddings transformer
            downsampling_layer: #
            electra: embeddings embeddings_project encoder
            embedder: embedder convolution normalization
            embeddings: word_embeddings position_embeddings token_type_embeddings LayerNorm tok_embeddings norm
            embeddings: patch_embeddings layernorm weight
            encoder: layer rel_embeddings embedding_hidden_mapping_in albert_layer_groups
            encoder: relative_attention_bias block final_layer_norm stages pos_conv_embed layer_norm layers
            experts: gate_up_proj down_proj
            experts.#: w1 w2 w3
            feature_extractor: conv_layers
            feature_projection: layer_norm projection
            feed_forward: intermediate_dense output_dense time_mix_key time_mix_receptance key receptance value
            ffn: up_proj down_proj lin1 lin2 weight bias
            generator_predictions: LayerNorm dense
            h: #
            h.#: ln_1 attn ln_2 input_layernorm self_attention post_attention_layernorm mlp
            head: dense norm weight
            intermediate: dense
            layer: #
            layer.#: attention intermediate output sa_layer_norm ffn output_layer_norm SelfAttention
            layer.#: DenseReluDense EncDecAttention layer_norm convolution normalization
            layers: #
            layers.#: self_attn attn_norm attn mlp_norm block_sparse_moe mlp input_layernorm
            layers.#: post_attention_layernorm pre_feedforward_layernorm post_feedforward_layernorm shortcut
            layers.#: layer layer_scale_parameter dwconv layernorm pwconv1 grn pwconv2 attention layer_norm
            layers.#: feed_forward final_layer_norm norm mixer
            lm_head: weight bias dense layer_norm
            mixer: dt_bias A_log D conv1d in_proj x_proj dt_proj norm out_proj
            mlp: gate_proj up_proj fc1 fc2 gate_up_proj down_proj c_fc c_proj gate experts shared_expert
            mlp: shared_expert_gate fc_in fc_out dense_h_to_4h dense_4h_to_h Wi Wo
            model: embed_tokens embeddings layers norm final_layernorm final_norm
            mpnet: embeddings encoder
            output: dense LayerNorm weight
            pooler: dense
            pos_conv_embed: conv
            predictions: bias transform LayerNorm dense
            resnet: embedder encoder
            rwkv: embeddings blocks ln_out
            self: q_bias v_bias in_proj query key value query_proj key_proj value_proj pos_key_proj pos_query_proj
            self_attention: query_key_value dense
            self_attn: q_proj k_proj v_proj o_proj q_norm k_norm dense qkv_proj
            shared_expert: gate_proj up_proj down_proj
            shortcut: convolution normalization
            stages: #
            stages.#: downsampling_layer layers
            transform: dense LayerNorm
            transformer: wte wpe word_embeddings word_embeddings_layernorm h ln_f blocks norm_f layer
            wav2vec2: masked_spec_embed feature_extractor feature_projection encoder
            weight: original0 original1
            """)

    static let encoderDecoders = Family(
        name: "encoder-decoders and vision",
        table: """
            : gpt_neox embed_out model transformer roberta lm_head vit deit beit dinov2 logit_scale text_model
            : vision_model visual_projection text_projection swin classifier classification_head
            attention: query_key_value dense self output q_proj k_proj v_proj o_proj relative_position_bias
            beit: embeddings layers pooler
            blocks: #
            blocks.#: attention layernorm_before layernorm_after mlp
            classification_head: dense out_proj
            classifier: dense out_proj weight bias
            decoder: embed_tokens embed_positions final_layer_norm layers layernorm_embedding layer_norm
            deit: embeddings layers layernorm
            dinov2: embeddings encoder layernorm
            downsample: reduction norm
            embeddings: word_embeddings token_type_embeddings LayerNorm cls_token mask_token position_embeddings
            embeddings: distillation_token patch_embeddings norm token_embedding class_embedding patch_embedding
            embeddings: position_embedding
            encoder: layer conv1 conv2 embed_positions layers layernorm_embedding layer_norm
            encoder_attn: k_proj v_proj q_proj out_proj
            gpt_neox: embed_in layers final_layer_norm
            h: #
            h.#: self_attention mlp input_layernorm
            intermediate: dense
            layer: #
            layer.#: norm1 attention intermediate output layer_scale1 norm2 mlp layer_scale2
            layer_scale1: lambda1
            layer_scale2: lambda1
            layers: #
            layers.#: input_layernorm post_attention_layernorm self_attn self_attn_layer_norm encoder_attn
            layers.#: encoder_attn_layer_norm fc1 fc2 final_layer_norm lambda_1 lambda_2 attention
            layers.#: layernorm_before layernorm_after layer_norm1 mlp layer_norm2 blocks downsample
            lm_head: weight bias dense layer_norm
            mlp: dense_h_to_4h dense_4h_to_h fc1 fc2
            model: shared encoder decoder
            output: dense LayerNorm
            patch_embeddings: projection
            pooler: layernorm
            relative_position_bias: relative_position_bias_table
            roberta: embeddings encoder
            self: query key value
            self_attention: query_key_value dense
            self_attn: k_proj v_proj q_proj out_proj
            swin: embeddings encoder layernorm
            text_model: embeddings encoder final_layer_norm
            transformer: word_embeddings h ln_f
            vision_model: embeddings pre_layrnorm encoder post_layernorm
            vit: embeddings layers layernorm
            """)

    static let encoders = Family(
        name: "further encoders",
        table: """
            : lm_head roberta segformer classifier
            attention: self output q_proj k_proj v_proj o_proj sequence_reduction
            blocks: #
            blocks.#: layernorm_before attention layernorm_after mlp
            dwconv: dwconv weight bias
            embeddings: token_type_embeddings LayerNorm position_embeddings
            encoder: layer
            intermediate: dense
            layer: #
            layer.#: attention intermediate output
            lm_head: bias dense layer_norm decoder
            mlp: fc1 dwconv fc2
            output: dense LayerNorm
            patch_embeddings: proj layer_norm
            roberta: embeddings encoder
            segformer: stages
            self: query key value
            sequence_reduction: sequence_reduction layer_norm weight bias
            stages: #
            stages.#: patch_embeddings blocks layer_norm
            """)

    static let vision = Family(
        name: "torchvision and timm",
        table: """
            : cls_token dist_token reg_token pos_embed patch_embed conv1 bn1 layer1 layer2 layer3 layer4
            : norm_pre blocks norm fc_norm fc head_drop head
            attn: qkv q_norm k_norm norm proj
            blocks: #
            blocks.#: norm1 attn ls1 norm2 mlp ls2
            downsample: #
            layer1: #
            layer1.#: conv1 bn1 conv2 bn2 conv3 bn3 downsample
            layer2: #
            layer2.#: conv1 bn1 conv2 bn2 conv3 bn3 downsample
            layer3: #
            layer3.#: conv1 bn1 conv2 bn2 conv3 bn3 downsample
            layer4: #
            layer4.#: conv1 bn1 conv2 bn2 conv3 bn3 downsample
            ls1: gamma
            ls2: gamma
            mlp: fc1 norm fc2
            patch_embed: proj norm
            """)
}
