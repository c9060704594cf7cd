import Varve

/// The result of `varve bench`: the JSON document, and a table for people.
struct BenchResult: Encodable {
    var run: String
    var checkpoints: [BenchmarkRun.Checkpoint]
    var skipped: [CompressionResult.Skipped]
    var originalBytes: UInt64
    var threads: Int
    var version = VarveRelease.version
    /// What a user should read, beside the above.
    var notices: [String]
    var rows: [BenchRow]
    /// The command of `--evaluate`.
    var evaluate: String?
    /// What it told of the last checkpoint as it is; absent where it failed.
    var originalEvaluation: Double?
    /// Names of the rows, or `original`, for which it failed.
    var failedEvaluations: [String]?

    func lines(width: Int?) -> [String] {
        var titles = ["ratio", "last step", "keyframe", "delta", "restore", "memory", "weight error"]
        if evaluate != nil { titles.append("evaluation") }
        // What the qualities differ in most stays longest.
        let expendable = ["memory": 4, "keyframe": 3, "restore": 2, "delta": 1]
        var table = TextTable(
            [.init(title: "quality", alignment: .left)]
                + titles.map { .init(title: $0, alignment: .right, expendable: expendable[$0] ?? 0) })
        if evaluate != nil {
            table.add(
                ["original"] + titles.dropLast().map { _ in "-" } + [Self.evaluation(originalEvaluation)])
        }
        for row in rows {
            let cells = [row.quality] + Self.cells(row)
            table.add(evaluate == nil ? cells : cells + [Self.evaluation(row.evaluation)])
        }
        return table.lines(width: width)
    }

    /// What a table has of a row, behind its name.
    static func cells(_ row: BenchRow) -> [String] {
        [
            Units.ratio(row.ratio), Units.ratio(row.lastRatio),
            speed(row.keyframeMegabytesPerSecond), speed(row.deltaMegabytesPerSecond),
            speed(row.restore.megabytesPerSecond), Units.bytes(row.peakBytes),
            row.check == .identical ? "exact" : row.weightError.map(Units.figure) ?? "-",
        ]
    }

    /// Six digits, or as many as an integer has.
    static func evaluation(_ value: Double?) -> String {
        guard let value else { return "failed" }
        if let number = Int(exactly: value), number.magnitude < 1 << 53 { return "\(number)" }
        return Units.sixDigits(value)
    }

    private static func speed(_ megabytes: Double?) -> String {
        guard let megabytes, megabytes > 0 else { return "-" }
        return "\(Units.decimal(megabytes, megabytes < 9.95 ? 2 : megabytes < 99.95 ? 1 : 0)) MB/s"
    }
}

/// What one way of compressing did to a run.
struct BenchRow: Encodable {
    struct Step: Encodable {
        var step: Int
        var keyframe: Bool
        var originalBytes: UInt64
        var storedBytes: UInt64
        var seconds: Double
    }

    /// A piece of work, done by a process of its own.
    struct Work: Encodable {
        /// Bytes of checkpoints that went through it.
        var bytes: UInt64
        /// By the clock, the process's start and end included.
        var seconds: Double
        var processorSeconds: Double
        var megabytesPerSecond: Double
        var peakBytes: UInt64

        init(_ outcome: ChildProcess.Outcome, bytes: UInt64) {
            self.bytes = bytes
            seconds = outcome.seconds
            processorSeconds = outcome.processorSeconds
            peakBytes = outcome.peakBytes
            megabytesPerSecond = BenchRow.megabytesPerSecond(bytes, outcome.seconds) ?? 0
        }
    }

    enum Check: String, Encodable {
        /// Every file came back byte for byte.
        case identical
        /// Every tensor had the hash that the archive has of it, and every file that is exact came back byte for byte.
        case hashes
    }

    /// As `--qualities` has it.
    var quality: String
    /// The options of `compress`.
    var options: [String]
    var steps: [Step]
    var originalBytes: UInt64
    var storedBytes: UInt64
    /// Of all measured steps.
    var ratio: Double
    /// Of the last step.
    var lastRatio: Double
    var compress: Work
    /// Of steps that build on no other; absent where there is none.
    var keyframeMegabytesPerSecond: Double?
    /// Of the others.
    var deltaMegabytesPerSecond: Double?
    /// The last step.
    var restore: Work
    /// The larger of both works' memory.
    var peakBytes: UInt64
    /// Squared error of the weights over their squared change, over the steps that are no keyframes; absent where all
    /// are.
    var weightError: Double?
    var check: Check
    /// What the command of `--evaluate` told of the restored step; absent where there was none, or it failed.
    var evaluation: Double?

    init(
        _ setting: BenchSetting, steps: [Step], report: Report, compress: ChildProcess.Outcome,
        restore: ChildProcess.Outcome, isIdentical: Bool
    ) {
        quality = setting.name
        options = setting.options
        self.steps = steps
        originalBytes = steps.reduce(0) { $0 + $1.originalBytes }
        storedBytes = steps.reduce(0) { $0 + $1.storedBytes }
        ratio = Self.ratio(originalBytes, storedBytes)
        lastRatio = steps.last.map { Self.ratio($0.originalBytes, $0.storedBytes) } ?? 0
        self.compress = Work(compress, bytes: originalBytes)
        self.restore = Work(restore, bytes: steps.last?.originalBytes ?? 0)
        peakBytes = max(compress.peakBytes, restore.peakBytes)
        check = isIdentical ? .identical : .hashes
        keyframeMegabytesPerSecond = Self.speed(steps.filter(\.keyframe))
        deltaMegabytesPerSecond = Self.speed(steps.filter { !$0.keyframe })
        weightError = report.weightError
    }

    private static func ratio(_ original: UInt64, _ stored: UInt64) -> Double {
        stored == 0 ? 0 : Double(original) / Double(stored)
    }

    private static func speed(_ steps: [Step]) -> Double? {
        megabytesPerSecond(steps.reduce(0) { $0 + $1.originalBytes }, steps.reduce(0) { $0 + $1.seconds })
    }

    private static func megabytesPerSecond(_ bytes: UInt64, _ seconds: Double) -> Double? {
        seconds > 0 ? Double(bytes) / 1e6 / seconds : nil
    }
}

extension Report {
    /// Squared error of weights over their squared change, of the steps that build on another; `nil` where none does.
    /// A tensor with NaN or infinity, which is exact, has no such figures.
    var weightError: Double? {
        let deltas = steps.filter { !$0.isKeyframe }
        guard !deltas.isEmpty else { return nil }
        let weights = deltas.flatMap(\.tensors).filter { $0.role == .weight && $0.figures.referenceEnergy.isFinite }
        return weights.reduce(into: Figures()) { $0.add($1.figures) }.relativeSquaredError
    }
}
