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

    func lines(width: Int) -> [String] {
        var table = TextTable(
            [.init(title: "quality", alignment: .left)]
                + ["ratio", "last step", "keyframe", "delta", "restore", "memory", "weight error"].map {
                    .init(title: $0, alignment: .right)
                })
        for row in rows {
            table.add([
                row.quality, Units.ratio(row.ratio), Units.ratio(row.lastRatio),
                Self.speed(row.keyframeMegabytesPerSecond), Self.speed(row.deltaMegabytesPerSecond),
                Self.speed(row.restore.megabytesPerSecond), Units.bytes(row.peakBytes),
                row.check == .identical ? "exact" : row.weightError.map(Units.figure) ?? "-",
            ])
        }
        return table.lines(width: width)
    }

    private static func speed(_ megabytes: Double?) -> String {
        guard let megabytes, megabytes > 0 else { return "-" }
        return "\(Units.decimal(megabytes, megabytes < 9.95 ? 2 : megabytes < 99.95 ? 1 : 0)) MB/s"
    }
}
