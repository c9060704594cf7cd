public import ArgumentParser
public import Varve

/// The options of `compress` that say how weights and moments are quantized.
struct MethodOptions: ParsableArguments {
    enum Name: String, ExpressibleByArgument, CaseIterable { case transform, excp }
    enum Quality: String, ExpressibleByArgument, CaseIterable { case lossless, high, balanced, small }

    @Option(help: "transform, or excp (the paper).")
    var method: Name = .transform

    @Option(
        help: ArgumentHelp("lossless, or how finely: high, balanced (the default) or small.", valueName: "quality"))
    var quality: Quality?

    @Option(
        name: .customLong("step-size"),
        help: ArgumentHelp(
            "The knob behind the qualities: the quantizer's step in units of a weight's usual change (.6, 1.5, 3).",
            valueName: "q"))
    var stepSize: Double?

    @Option(
        name: .customLong("target-ratio"),
        help: ArgumentHelp(
            "Find the step size at which the whole archive is so many times smaller than the checkpoints.",
            valueName: "ratio"))
    var targetRatio: Double?

    @Option(
        name: .customLong("keyframe"),
        help: ArgumentHelp("Weights and moments of keyframes: quantized or exact.", valueName: "how"))
    var keyframes: TransformOptions.Keyframes = .quantized

    @Option(
        help: ArgumentHelp(
            "What the transform of wide matrices may cost: low (none), normal or high.", valueName: "effort"))
    var effort: TransformOptions.Effort = .normal

    @Option(help: "excp: scale of the pruning threshold of weights (5e-05).")
    var alpha: Double?

    @Option(help: "excp: moments below beta times their mean are pruned (2).")
    var beta: Double?

    @Option(help: "excp: bits per kept value, 2 to 8 (4).")
    var bits: Int?

    @Option(help: "excp: published (one threshold a tensor) or element (the paper's formula).")
    var threshold: ExcpOptions.Threshold?

    func validate() throws {
        if quality == .lossless { try validateLossless() }
        switch method {
        case .excp:
            if quality != nil || stepSize != nil || targetRatio != nil || keyframes != .quantized || effort != .normal {
                throw ValidationError(
                    "--quality, --step-size, --target-ratio, --keyframe and --effort are of method transform, not of "
                        + "excp")
            }
        case .transform:
            if alpha != nil || beta != nil || bits != nil || threshold != nil {
                throw ValidationError("--alpha, --beta, --bits and --threshold are of --method excp")
            }
        }
        if let bits, !(2...8).contains(bits) { throw ValidationError("--bits must be 2 to 8") }
        if let alpha, !(alpha.isFinite && alpha > 0) { throw ValidationError("--alpha must be above 0") }
        if let beta, !(beta.isFinite && beta >= 0) { throw ValidationError("--beta must not be negative") }
        if let stepSize, !TransformOptions.stepSizes.contains(stepSize) {
            throw ValidationError("--step-size must be 0.01 to 100")
        }
        if stepSize != nil, targetRatio != nil {
            throw ValidationError("--step-size and --target-ratio exclude each other")
        }
        if let targetRatio, !(targetRatio.isFinite && targetRatio > 1) {
            throw ValidationError("--target-ratio must be above 1")
        }
    }

    private func validateLossless() throws {
        if method == .excp {
            throw ValidationError("--quality lossless and --method excp exclude each other: excp is lossy")
        }
        if stepSize != nil || targetRatio != nil || keyframes != .quantized || effort != .normal {
            throw ValidationError(
                "--step-size, --target-ratio, --keyframe and --effort are of the lossy qualities; --quality lossless "
                    + "is exact")
        }
    }

    /// Whether the user said how much may be lost.
    var isNamed: Bool { quality != nil || stepSize != nil || targetRatio != nil || method == .excp }

    /// The method with its settings.
    var chosen: CompressionOptions.Method {
        let quality: TransformOptions.Quality
        switch self.quality {
        case .lossless: return .lossless
        case .high: quality = .high
        case .small: quality = .small
        case .balanced, nil: quality = .balanced
        }
        switch method {
        case .transform:
            return .transform(
                TransformOptions(
                    quality: quality, stepSize: stepSize, keyframes: keyframes, targetRatio: targetRatio, effort: effort
                ))
        case .excp:
            let published = ExcpOptions()
            return .excp(
                ExcpOptions(
                    alpha: alpha ?? published.alpha, beta: beta ?? published.beta, bits: bits ?? published.bits,
                    threshold: threshold ?? published.threshold))
        }
    }

    /// What is said before the work begins.
    var description: String {
        switch chosen {
        case .transform(let options):
            var text = "method transform, "
            if let ratio = options.targetRatio { text += "looking for ratio \(Units.figure(ratio)), " }
            if let stepSize { text += "step size \(Units.figure(stepSize)), " }
            text += "quality \(options.quality.rawValue): lossy"
            if options.keyframes == .exact { text += " between keyframes" }
            if options.effort != .normal { text += ", effort \(options.effort.rawValue)" }
            return text + "; --quality high loses least, --quality lossless nothing"
        case .lossless:
            return "quality lossless: every byte is kept exactly; --quality balanced is lossy and many times smaller"
        case .excp(let options):
            return
                "method excp, alpha \(Units.figure(options.alpha)), beta \(Units.figure(options.beta)), \(options.bits) bits: "
                + "lossy between keyframes; --quality lossless keeps every step exactly"
        }
    }
}

extension ExcpOptions.Threshold: ExpressibleByArgument {}
extension TransformOptions.Keyframes: ExpressibleByArgument {}
extension TransformOptions.Effort: ExpressibleByArgument {}
