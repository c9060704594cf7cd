import Glibc

/// Named points over two axes. It needs no script, and its places are shares of its size, so that its text keeps its size.
struct PointChart {
    struct Point {
        var name: String
        var x: Double
        /// `nil` for one that lies on the lower edge, because nothing was lost.
        var y: Double?
        /// What a pointer over it says.
        var says: String
    }

    var label: String
    var points: [Point]
    /// Names of the axes.
    var xTitle: String
    var yTitle: String
    var x: Axis
    var y: Axis
    /// A line across, with its name.
    var line: (y: Double, name: String)?

    var html: String {
        let lines = (0..<y.labels.count).map { index in
            let at = Self.share(Double(index) / Double(max(1, y.labels.count - 1)))
            return "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"\(at)\" y2=\"\(at)\"/>"
        }
        return """
            <p class="note">\(HTMLText.escaped(yTitle))</p>
            <div class="plot"><div class="y" aria-hidden="true">\(y.labels.reversed().map { "<span>\($0)</span>" }.joined())</div>\
            <svg class="points" role="img" aria-label="\(HTMLText.escaped(label))">\(lines.joined())\(across)\
            \(dots.joined())</svg>\
            <div class="x ends" aria-hidden="true">\(x.labels.map { "<span>\($0)</span>" }.joined())</div></div>
            <p class="note right">\(HTMLText.escaped(xTitle))</p>

            """
    }

    /// Points, with names that leave those before them room.
    private var dots: [String] {
        var taken: [(right: Double, up: Double)] = []
        return points.map { point in
            let place = (right: x.place(point.x), up: point.y.map(y.place) ?? 0)
            let near = taken.count { abs($0.right - place.right) < 0.2 && abs($0.up - place.up) < 0.05 }
            taken.append(place)
            return dot(point, lower: near)
        }
    }

    private func dot(_ point: Point, lower: Int) -> String {
        let right = x.place(point.x), up = point.y.map(y.place) ?? 0
        let (cx, cy) = (Self.share(right), Self.share(1 - up))
        // Names stay within the picture.
        let (side, dx) = right > 0.6 ? ("end", "-10") : ("start", "10")
        let dy = up > 0.9 ? 16 + 14 * lower : up < 0.1 ? -8 - 14 * lower : 4 + 14 * lower
        return """
            <g><title>\(HTMLText.escaped(point.says))</title><circle class="weight" cx="\(cx)" cy="\(cy)" r="5"/>\
            <text x="\(cx)" y="\(cy)" dx="\(dx)" dy="\(dy)" text-anchor="\(side)">\(HTMLText.escaped(point.name))</text></g>
            """
    }

    private var across: String {
        guard let line else { return "" }
        let up = y.place(line.y), at = Self.share(1 - up)
        return """
            <line class="across" x1="0" x2="100%" y1="\(at)" y2="\(at)"/>\
            <text x="4" y="\(at)" dy="\(up > 0.9 ? 14 : -5)">\(HTMLText.escaped(line.name))</text>
            """
    }

    private static func share(_ value: Double) -> String { Units.decimal(100 * value, 2) + "%" }
}

extension PointChart {
    /// An axis with labels at equal distances.
    struct Axis {
        private let low: Double
        private let high: Double
        private let isLogarithmic: Bool
        let labels: [String]

        /// Where a value lies, from 0 to 1.
        func place(_ value: Double) -> Double {
            let value = isLogarithmic ? log(max(value, 1e-300)) : value
            return min(1, max(0, (value - low) / (high - low)))
        }

        /// Equal distances are equal factors: two where that is enough.
        /// - Parameter least: what the lower edge is called if points without a value lie there.
        static func logarithmic(
            _ values: [Double], least edge: String? = nil, _ text: (Double) -> String
        ) -> Axis {
            let known = values.filter { $0 > 0 && $0.isFinite }
            guard let least = known.min(), let most = known.max() else {
                return Axis(low: 0, high: 1, isLogarithmic: true, labels: [edge ?? "", ""])
            }
            let factors = [1.25, 1.5, 2, 4, 10, 100, 1e4, 1e8, 1e16]
            let factor = factors.first { log(most / least) / log($0) <= 5 } ?? 1e64
            let begin = Int((log(least) / log(factor)).rounded(.down))
            let lowest = edge == nil ? begin : begin - 1
            let end = max(begin + 1, Int((log(most) / log(factor)).rounded(.up)))
            return Axis(
                low: Double(lowest) * log(factor), high: Double(end) * log(factor), isLogarithmic: true,
                labels: [edge].compactMap(\.self) + (begin...end).map { text(pow(factor, Double($0))) })
        }

        /// Around the values, which may be far from 0.
        static func linear(_ values: [Double], _ text: (Double) -> String) -> Axis {
            let known = values.filter(\.isFinite)
            guard let least = known.min(), let most = known.max(), most.magnitude < 1e15, least.magnitude < 1e15 else {
                return Axis(low: 0, high: 1, isLogarithmic: false, labels: ["", ""])
            }
            let range = max(most - least, max(most.magnitude, 1e-12) * 0.01)
            var unit = 1.0
            while unit > range { unit /= 10 }
            while unit * 10 <= range { unit *= 10 }
            let width = [0.2, 0.5, 1, 2].map { $0 * unit }.first { range / $0 <= 5 } ?? 5 * unit
            let middle = (least + most) / 2
            let begin = ((middle - range / 2) / width).rounded(.down)
            let end = max(begin + 1, ((middle + range / 2) / width).rounded(.up))
            let count = Int(end - begin)
            return Axis(
                low: begin * width, high: end * width, isLogarithmic: false,
                labels: (0...count).map { text((begin + Double($0)) * width) })
        }
    }
}
