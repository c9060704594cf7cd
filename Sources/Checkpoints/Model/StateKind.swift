/// What a resumed run needs of an optimizer's state that is neither first nor second moment.
package enum StateKind: Sendable, Hashable {
    /// Gradients and running means of them, of which every element counts. They are renewed as the run goes on.
    case direction
    /// What an update is divided by: elements that are not negative, of which rows and columns count.
    case size
    /// Other weights of the same parameter: averages, the slow ones of Lookahead.
    case average
    /// Not known: every bit.
    case exact

    private static let directions: Set<String> = [
        "exp_avg_slow", "grok_exp_avg", "previous_grad", "last_grad", "exp_avg_diff", "neg_pre_grad", "pre_grad",
        "neg_exp_avg", "exp_avg_res", "pbar", "mug", "momentum", "moments", "grad_ma", "neg_grad_ma", "pos_momentum",
        "neg_momentum", "exp_avg_grad", "update", "mov_avg_grad", "avg_grad", "grad_queue", "momentum_buffer",
        "hessian", "hessian_moment", "approx_hessian",
    ]
    private static let sizes: Set<String> = [
        "exp_inf", "acc_delta", "fim", "variance_ma", "max_variance_ma", "exp_hessian_diag_sq", "exp_avg_lr",
    ]
    private static let averages: Set<String> = [
        "slow_params", "slow_param", "slow_buffer", "lookahead_params", "ema", "param_buffer", "mov_avg_param",
        "prev_param",
    ]
    /// Float originals of weights of fewer bits.
    private static let masters: Set<String> = ["master_param", "fp32_master", "master"]

    /// - Parameters:
    ///   - key: the optimizer's key, behind it the place in a list or a number: `momentum_buffer.1`, `momentum_buffer.0.99`.
    ///   - keys: all keys of the parameter.
    ///   - isOfFewBits: whether the weight itself has too few bits to be trained by them.
    package init(_ key: String, among keys: Set<String>, isOfFewBits: Bool = false) {
        var words = key.split(separator: ".")
        while words.count > 1, let last = words.last, Int(last) != nil { words.removeLast() }
        let name = words.joined(separator: ".")
        if Self.directions.contains(name) {
            self = .direction
        } else if Self.sizes.contains(name) {
            self = .size
        } else if Self.averages.contains(name) || (isOfFewBits && Self.masters.contains(name)) {
            self = .average
        } else {
            self = Self.shortKey(name, keys)
        }
    }

    /// Names of a letter mean something else in each optimizer.
    private static func shortKey(_ name: String, _ keys: Set<String>) -> StateKind {
        switch name {
        // Schedule-free and D-adapted SGD; FTRL computes the weights from it.
        case "z" where !keys.contains("n"): .average
        case "s" where keys.isDisjoint(with: ["x0", "z"]): .direction
        // AdaSmooth's sums of changes.
        case "n" where keys.contains("prev_param"): .size
        // AdamG. Kate's `b` is exact: its error costs .005.
        case "r" where keys.isSubset(of: ["r", "step"]): .size
        // VSGD.
        case "bg" where keys.contains("mug"): .size
        case "bhg" where keys.contains("mug"): .direction
        default: .exact
        }
    }
}
