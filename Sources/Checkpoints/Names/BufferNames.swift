import TensorFiles

/// Which tensors of a state dict are buffers: running statistics, counters, masks, tables of constants.
enum BufferNames {
    private static let names: Set<String> = [
        "running_mean", "running_var", "num_batches_tracked", "inv_freq", "original_inv_freq", "position_ids",
        "token_type_ids",
        "relative_position_index", "attn_mask", "masked_bias", "causal_mask", "cos_cached", "sin_cached",
        "relative_coords_table", "rel_pos_index", "_float_tensor", "freqs_cis", "num_updates", "decay",
    ]

    static func contains(_ name: String, _ tensor: StoredTensor) -> Bool {
        if !tensor.dtype.isFloatingPoint { return true }
        let last = name.split(separator: ".").last.map(String.init) ?? name
        if names.contains(last) { return true }
        // GPT-2's old causal mask `attn.bias` [1, 1, n, n].
        return last == "bias" && tensor.shape.count == 4 && tensor.shape[0] == 1 && tensor.shape[1] == 1
            && tensor.shape[2] == tensor.shape[3]
    }

    /// Whether a float tensor that no optimizer handles is rather a buffer than a frozen parameter.
    static func isLikely(_ name: String) -> Bool {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        return last == "pe" || last.hasSuffix("mask") || last == "freqs" || last == "rope"
            || last == "final_logits_bias"
    }
}
