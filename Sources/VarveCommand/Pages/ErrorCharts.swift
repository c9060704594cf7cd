import Glibc
import Varve

/// How much of the change each step keeps, and the error of each role.
struct ErrorCharts {
    let groups: [StepGroup]

    var html: String { kept + errors }

    // MARK: Kept change

    private var kept: String {
        let shares: [(style: String, name: String, values: [Double?])] = [
            ("weight", "since the step before", groups.map { $0.kept(\.sinceBefore) }),
            ("second", "since the chain began", groups.map { $0.kept(\.sinceStart) }),
        ].filter { $0.values.contains { $0 != nil } }
        guard !shares.isEmpty else { return "" }
        let frame = ChartFrame(
            columns: groups.count, label: "share of the change that each step keeps",
            heights: ["100 %", "75 %", "50 %", "25 %", "0 %"], titles: groups.map { "\($0.first)" })
        let curves = shares.map { share in
            StepCurve(
                values: share.values.map { $0.map { min(1, max(0, $0)) } }, style: share.style,
                titles: zip(groups, share.values).map {
                    "step \($0.title), \(share.name): \(Units.percent(max(0, $1 ?? 0)))"
                }
            ).svg
        }
        return """
            <section aria-labelledby="kept-title"><h2 id="kept-title">Kept change per step</h2>
            \(ChartFrame.legend(shares.map { ("line \($0.style)", $0.name) }))<figure>\(frame.html(curves.joined()))\
            <figcaption>How much of what training changed in the weights is in the restored step. What a step misses since the \
            step before is not lost to the run: the next step is stored as the difference to what was restored.\
            </figcaption></figure></section>

            """
    }

    // MARK: Errors

    private var errors: String {
        let roles: [(role: TensorRole, style: String, name: String, values: [Double?])] = [
            (.weight, "weight", "weights"), (.firstMoment, "first", "first moments"),
            (.secondMoment, "second", "second moments"), (.other, "other", "other tensors"),
        ].map { role, style, name in (role, style, name, groups.map { $0.error(role) }) }.filter {
            $0.values.contains { ($0 ?? 0) > 0 }
        }
        let known = roles.flatMap { $0.values.compactMap { $0 } }.filter { $0 > 0 }
        guard let least = known.min(), let most = known.max() else { return "" }
        let high = Self.decade(above: most), low = max(Self.decade(above: least) - 1, high - 8)
        let frame = ChartFrame(
            columns: groups.count, label: "relative squared error of each role in each step",
            heights: (low...max(high, low + 1)).reversed().map(Self.power), titles: groups.map { "\($0.first)" })
        let decades = Double(max(1, high - low))
        let curves = roles.map { role in
            StepCurve(
                values: role.values.map {
                    $0.flatMap { $0 > 0 ? min(1, max(0, (log10($0) - Double(low)) / decades)) : nil }
                }, style: role.style,
                titles: zip(groups, role.values).map { "step \($0.title), \(role.name): \(Units.figure($1 ?? 0))" }
            ).svg
        }
        return """
            <section aria-labelledby="error-title"><h2 id="error-title">Error per step</h2>
            \(ChartFrame.legend(roles.map { ("line \($0.style)", $0.name) }))<figure>\(frame.html(curves.joined()))\
            <figcaption>Squared error over the squared change of the step (weights) or over the sum of squares (moments), \
            in steps that build on another.</figcaption></figure></section>

            """
    }

    /// The smallest power of ten that is not smaller.
    private static func decade(above value: Double) -> Int {
        var power = 0, bound = 1.0
        while bound < value { bound *= 10; power += 1 }
        while bound / 10 >= value, power > -300 { bound /= 10; power -= 1 }
        return power
    }

    private static func power(_ exponent: Int) -> String {
        switch exponent {
        case 0...3: "1" + String(repeating: "0", count: exponent)
        case -3..<0: "0." + String(repeating: "0", count: -exponent - 1) + "1"
        default: "1e\(exponent)"
        }
    }
}
