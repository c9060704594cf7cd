import Checkpoints
import Testing

/// What states are follows from their keys.
@Suite struct StateKindTests {
    @Test(arguments: [
        "exp_avg_slow", "previous_grad", "momentum_buffer.2", "momentum_buffer.0.99", "grad_queue.0", "pbar",
    ])
    func directions(key: String) { #expect(StateKind(key, among: [key]) == .direction) }

    @Test(arguments: ["exp_inf", "acc_delta", "exp_hessian_diag_sq"])
    func sizes(key: String) { #expect(StateKind(key, among: [key]) == .size) }

    @Test(arguments: ["slow_params", "lookahead_params", "ema", "z"])
    func averages(key: String) { #expect(StateKind(key, among: [key, "step"]) == .average) }

    @Test(arguments: ["GG.0", "Q", "mystery", "p0", "x0", "prev", "step_size", "0", "", "."])
    func everythingElseIsExact(key: String) { #expect(StateKind(key, among: [key]) == .exact) }

    @Test func aLetterMeansWhatItStandsBeside() {
        #expect(StateKind("z", among: ["z", "n"]) == .exact)
        #expect(StateKind("s", among: ["z", "s", "x0"]) == .exact)
        #expect(StateKind("s", among: ["s", "x0"]) == .exact)
        #expect(StateKind("n", among: ["s", "n", "prev_param"]) == .size)
        #expect(StateKind("r", among: ["r", "t"]) == .exact && StateKind("r", among: ["r"]) == .size)
    }

    @Test func mastersAreLikeWeightsWhereTheWeightHasFewBits() {
        #expect(StateKind("master_param", among: ["master_param"]) == .exact)
        #expect(StateKind("master_param", among: ["master_param"], isOfFewBits: true) == .average)
    }
}
