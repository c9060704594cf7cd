/// A line over the columns of a `ChartFrame`, broken where there is no value, with a point at each.
struct StepCurve {
    /// From 0, the lower edge, to 1.
    var values: [Double?]
    /// Its colour.
    var style: String
    /// What a pointer over each point says.
    var titles: [String]

    /// Points that are drawn beside the line; more would cover it.
    private static let mostPoints = 120

    var svg: String {
        var path = "", points = "", isBroken = true
        for (column, value) in values.enumerated() {
            guard let value else {
                isBroken = true
                continue
            }
            let place = "\(column).5 \(ChartFrame.height - Int((value * Double(ChartFrame.height)).rounded()))"
            path += (isBroken ? "M" : "L") + place
            isBroken = false
            points += "<path class=\"curve dot \(style)\" d=\"M\(place)h0\"><title>\(titles[column])</title></path>"
        }
        return "<path class=\"curve \(style)\" d=\"\(path)\"/>" + (values.count <= Self.mostPoints ? points : "")
    }
}
