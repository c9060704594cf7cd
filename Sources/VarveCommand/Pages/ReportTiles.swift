import Varve

/// The few figures that say most.
struct ReportTiles {
    let report: Report

    var html: String {
        let tiles = figures.map {
            "<li><b>\(HTMLText.escaped($0.value))</b><span>\(HTMLText.escaped($0.name))</span></li>"
        }
        return "<ul class=\"tiles\">\(tiles.joined())</ul>\n"
    }

    private var figures: [(value: String, name: String)] {
        let total = report.total, keyframes = report.steps.count(where: \.isKeyframe)
        var tiles = [
            (Units.bytes(total.storedBytes), "stored, of \(Units.bytes(total.originalBytes))"),
            (Units.ratio(total.ratio), "ratio, all included"),
        ]
        if report.chain.storedBytes > 0 { tiles.append((Units.ratio(report.chain.ratio), "ratio of the chain")) }
        tiles.append(
            (Units.grouped(UInt64(report.steps.count)), "steps, \(Units.count(keyframes, "keyframe")) among them"))
        if report.keyframes.storedBytes > 0, total.storedBytes > 0 {
            let share = Double(report.keyframes.storedBytes) / Double(total.storedBytes)
            tiles.append((Units.percent(share), "of the archive are keyframes"))
        }
        if let bits { tiles.append((Units.figure(bits), "bits a parameter and step of the chain")) }
        if let error = report.weightError {
            tiles.append((error == 0 ? "exact" : Units.figure(error), "weight error of the chain"))
        }
        if let worst = report.steps.filter({ !$0.isKeyframe }).compactMap(\.kept.sinceStart).min() {
            tiles.append((Units.percent(max(0, worst)), "or more kept since the chain began"))
        }
        return tiles
    }

    /// Weights and moments together.
    private var bits: Double? {
        let chain = report.steps.filter { !$0.isKeyframe }
        let weights = chain.reduce(UInt64(0)) { $0 + ($1.roles[.weight]?.elementCount ?? 0) }
        return weights == 0 ? nil : 8 * Double(report.chain.storedBytes) / Double(weights)
    }
}
