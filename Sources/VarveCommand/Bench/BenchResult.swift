import Foundation
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
            let cells = [
                row.quality, Units.ratio(row.ratio), Units.ratio(row.lastRatio),
                Self.speed(row.keyframeMegabytesPerSecond), Self.speed(row.deltaMegabytesPerSecond),
                Self.speed(row.restore.megabytesPerSecond), Units.bytes(row.peakBytes),
                row.check == .identical ? "exact" : row.weightError.map(Units.figure) ?? "-",
            ]
            table.add(evaluate == nil ? cells : cells + [Self.evaluation(row.evaluation)])
        }
        return table.lines(width: width)
    }

    /// Six digits, or as many as an integer has.
    static func evaluation(_ value: Double?) -> String {
        guard let value else { return "failed" }
        if let number = Int(exactly: value), number.magnitude < 1 << 53 { return "\(number)" }
        return String(format: "%.6g", value)
    }

    private static func speed(_ megabytes: Double?) -> String {
        guard let megabytes, megabytes > 0 else { return "-" }
        return "\(Units.decimal(megabytes, megabytes < 9.95 ? 2 : megabytes < 99.95 ? 1 : 0)) MB/s"
    }
}
