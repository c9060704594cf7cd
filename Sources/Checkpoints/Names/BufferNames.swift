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

/// What frameworks call state that no optimizer trains.
///
/// These names count only where no optimizer state is tied to the tensor: then a wrong guess costs room, not values. They
/// say nothing when state is tied to parameters, where a trained parameter of such a name must keep its place.
extension BufferNames {
    /// Whether the name of a tensor without optimizer state is one of a statistic, a counter, a table or a scale.
    /// - Parameter isThere: whether the state dict of the tensor has a tensor of that name.
    static func isUntrained(_ name: String, beside isThere: (String) -> Bool) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let own = parts.last else { return false }
        let prefix = name.dropLast(own.count)
        let last = plain(own)
        if untrained.contains(last) || prefixes.contains(where: last.hasPrefix)
            || suffixes.contains(where: last.hasSuffix)
        {
            return true
        }
        if parts.dropLast().contains(where: { holders.contains(plain($0)) }) { return true }
        // Names that mean a trained parameter as well: what stands beside them tells.
        return (companions[last] ?? []).contains { companion in
            ["", "_"].contains { isThere("\(prefix)\($0)\(companion)") }
        }
    }

    /// Without the underscores of private names, in lower case.
    private static func plain(_ name: Substring) -> String {
        String(name.drop { $0 == "_" }).lowercased()
    }

    private static let untrained: Set<String> = [
        // Statistics of norms and normalizers.
        "moving_mean", "moving_variance", "moving_avg", "moving_average", "mean_ema", "var_ema", "std_ema", "ema_mean",
        "ema_var", "running_std", "pixel_mean", "pixel_std", "obs_mean", "obs_var", "ret_rms", "mean_latent", "w_avg",
        // Counters and schedules.
        "num_batches_tracked", "num_updates", "n_averaged", "optimization_step", "decay", "ema_decay",
        "cur_decay_value",
        "step", "steps", "global_step", "opt_step", "num_steps", "total_steps", "iter", "iteration", "iterations",
        "epoch",
        "epochs", "version", "count", "counts", "counter", "num_samples", "samples_seen", "seen_samples",
        "consumed_samples",
        "tokens_seen", "seen_tokens", "num_tokens", "lr", "learning_rate", "loss_scale", "growth_tracker",
        "initted", "inited", "initialized", "best_metric",
        // Random generators.
        "rng", "rng_state", "cuda_rng_state", "random_state", "generator", "seed", "random_samples", "noise_const",
        // Observers and scales of quantizers.
        "zero_point", "zero_points", "qzeros", "g_idx", "min_val", "max_val", "min_vals", "max_vals", "histogram",
        "amax",
        "amax_history", "absmax", "nested_absmax", "quant_map", "nested_quant_map", "scb", "weight_scale",
        "weight_scale_inv", "weight_scale_2", "input_scale", "output_scale", "act_scale", "k_scale", "v_scale",
        "q_scale",
        "scale_inv", "scaling_fwd", "scaling_bwd", "weight_zero_point", "fake_quant_enabled", "observer_enabled",
        "static_enabled", "learning_enabled", "act_min", "act_max", "x_min", "x_max", "epoch_activation_min",
        "epoch_activation_max", "weight_shape",
        // Codebooks that follow counts.
        "cluster_size", "ema_cluster_size", "cluster_usage", "cluster_counts", "embed_avg", "embedding_avg", "ema_w",
        "ema_dw", "embed_sum", "code_count", "code_sum", "codebook_usage", "assign", "assignments", "usage",
        "usage_count",
        "z_avg", "dead_codes", "alive",
        // Mixtures of experts.
        "tokens_per_expert", "local_tokens_per_expert", "e_score_correction_bias", "expert_load", "expert_counts",
        // Positions, rotations and windows.
        "alibi", "alibi_slopes", "alibi_bias", "slopes", "inv_freq", "original_inv_freq", "freqs", "freqs_cis",
        "freqs_cos",
        "freqs_sin", "freq_cis", "rope_cos", "rope_sin", "cos_cached", "sin_cached", "cos_cache", "sin_cache",
        "cos_sin_cache", "rope_cache", "rotary_emb_cache", "mup_vector", "relative_position_index",
        "relative_coords_table", "rel_pos_index", "relative_position_bucket", "position_ids", "position_index", "tril",
        "triu", "causal", "anchors", "anchor_grid", "stft_window", "hann_window", "mel_filters", "mel_basis",
        "mel_filterbank", "dft_matrix", "resample_filter", "blur_filter", "up_filter", "down_filter", "bucket_borders",
        "bin_edges", "bucket_boundaries", "thresholds", "input_permutation", "permutation",
        // Schedules of diffusion.
        "betas", "alphas_cumprod", "alphas_cumprod_prev", "alphas_cumprod_next", "alphas_bar", "sigmas", "log_sigmas",
        "timesteps", "posterior_variance", "posterior_log_variance_clipped", "posterior_mean_coef1",
        "posterior_mean_coef2", "lvlb_weights", "p2_loss_weight", "loss_weight", "log_one_minus_alphas_cumprod",
        "sigma_data", "final_alpha_cumprod", "scale_factor",
        // Metrics.
        "tp", "fp", "tn", "fn", "confmat", "preds_sum", "target_sum", "sum_squared_error", "sum_abs_error",
        "class_weight", "class_weights", "pos_weight",
        // Queues and caches.
        "queue", "queue_ptr", "queue_label", "memory_bank", "feature_bank", "k_cache", "v_cache", "cache_k", "cache_v",
        "kv_cache", "cached_keys", "cached_values",
    ]

    private static let prefixes = [
        "running_", "num_batches_tracked", "real_features_", "fake_features_", "sqrt_alphas", "sqrt_one_minus_alphas",
        "sqrt_recip_alphas", "sqrt_recipm1_alphas", "key_cache_", "value_cache_", "cumulative_length_",
    ]

    private static let suffixes = [
        "_running_mean", "_running_var", "_num_batches_tracked", "mask", "_zero_point", "_rng_state", "_amax",
        "inv_freq",
        "_cumprod", "_ids",
    ]

    /// Modules all of whose tensors are statistics.
    private static let holders: Set<String> = [
        "activation_post_process", "obs_rms", "ret_rms", "running_mean_std", "rng_state", "rng_states",
    ]

    /// What a name means follows from another one with the same prefix.
    private static let companions: [String: [String]] = [
        "scale": ["zero_point", "amax", "min_val", "scale_inv"],
        "scales": ["qzeros", "zeros", "zero_points", "qweight"],
        "zeros": ["scales", "qweight"],
        "mean": ["std", "var", "variance", "count"],
        "std": ["mean"],
        "var": ["mean"],
        "variance": ["mean"],
        "embed": ["embed_avg", "cluster_size"],
        "codebook": ["cluster_size", "embed_avg", "code_count", "code_sum"],
        "embeddings": ["cluster_size", "z_avg", "n"],
        "embedding": ["cluster_size", "embed_avg", "embedding_avg"],
        "weight": ["cluster_size", "embed_avg"],
        "n": ["z_avg"],
        "sum": ["count"],
        "total": ["correct"],
        "correct": ["total"],
        "alphas": ["betas", "alphas_cumprod"],
        "weight_u": ["weight_orig", "weight_bar"],
        "weight_v": ["weight_u"],
    ]
}
