import Foundation
import Testing

@testable import Varve
@testable import VarveCommand

/// The page of `varve report --html`, without a browser. `make pages-test` opens it in one.
@Suite struct ReportPageTests {
    static let hostile = [
        "\"><img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "<!--<script>", "a'b&amp;c.weight",
        "layer.\u{202E}neddih\u{202C}.weight", "nul\u{0}byte\n\t\u{7F}\u{9B}.weight", "\u{1F9E0}.\u{1D4B3}.weight",
        "\u{2028}line\u{2029}\u{200F}", String(repeating: "a", count: 4096), "...", "", "__proto__", "\\u003c\\", "]]>",
    ]

    /// The block of numbers of a page.
    private func data(_ report: Report) throws -> [String: Any] {
        let json = PageData(report, name: "a.varve").json
        return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    private func numbers(_ value: Any?) -> [Double] { (value as? [Any])?.map { ($0 as? Double) ?? 0 } ?? [] }

    @Test(arguments: hostile) func textCannotBreakOut(text: String) throws {
        for escaped in [HTMLText.escaped(text), PageJSON.quoted(text)] {
            for scalar in escaped.unicodeScalars {
                #expect(scalar != "<" && scalar != ">" && scalar != "'" && !HTMLText.isHidden(scalar))
            }
        }
        #expect(!HTMLText.escaped(text).contains("\""))
        let array = "[\(PageJSON.quoted(text))]"
        #expect(try JSONSerialization.jsonObject(with: Data(array.utf8)) as? [String] == [text])
    }

    @Test func namesCannotAddElements() throws {
        func page(_ names: [String]) -> String {
            ReportPage(report: MadeReport(names: names, steps: 3).report, archive: "/tmp/<b>\"").page.html
        }
        let plain = page(MadeReport.names(Self.hostile.count)), hostile = page(Self.hostile)
        for tag in ["script", "img", "b", "style", "svg", "/script"] {
            #expect(plain.ranges(of: "<\(tag)").count == hostile.ranges(of: "<\(tag)").count, "\(tag)")
        }
        let block = try #require(hostile.ranges(of: "id=\"data\">").first)
        let end = try #require(hostile[block.upperBound...].firstIndex(of: "<"))
        #expect(hostile[end...].hasPrefix("</script>\n<script>\"use strict\""))
    }

    @Test func aLongNameIsShortened() {
        let name = HTMLText.shortened(String(repeating: "ab", count: 500), most: 21)
        #expect(name.unicodeScalars.count == 21 && name.hasPrefix("ababababab\u{2026}"))
        #expect(HTMLText.shortened("short", most: 21) == "short")
    }

    @Test(arguments: [
        (0.2113, 4, "2113e-4"), (100, 3, "100"), (0.5, 3, "5e-1"), (1234.5, 3, "123e1"), (-0.00012, 3, "-12e-5"),
        (0, 3, "0"), (.infinity, 3, "null"), (9.999e-7, 3, "1e-6"),
    ])
    func numbersAreShort(value: Double, digits: Int, text: String) {
        #expect(PageJSON.number(value, digits: digits) == text)
    }

    /// Whether there are few tensors, or so many that they are summed by layer.
    @Test(arguments: [(10, 3), (300, 30), (26_000, 3)]) func sumsAreThoseOfTheReport(tensors: Int, steps: Int) throws {
        let report = MadeReport(names: MadeReport.names(tensors), steps: steps).report
        let data = try data(report)
        let rows = try #require(data["tensors"] as? [String: Any]),
            cells = try #require(data["cells"] as? [String: Any])
        let rest = try #require(data["rest"] as? [[Any]]).reduce(0.0) { $0 + ($1[1] as? Double ?? 0) }
        let stored = numbers(rows["stored"]).reduce(0, +)
        #expect(stored + rest == Double(report.total.storedBytes))
        #expect(numbers(cells["stored"]).reduce(0, +) == stored)
        #expect(numbers(rows["original"]).reduce(0, +) == Double(report.roles[.weight]?.originalBytes ?? 0))
        let error = numbers(rows["error"]).reduce(0, +), expected = report.chain.squaredError
        #expect(abs(error - expected) < 1e-3 * expected)
        #expect(numbers(cells["error"]).count == numbers(cells["stored"]).count)
        #expect(abs(numbers(cells["error"]).reduce(0, +) - expected) < 5e-3 * expected)
    }

    @Test func aPageOfTwentyThousandTensorsIsSmall() {
        let report = MadeReport(names: MadeReport.names(20_000), steps: 6).report
        let page = ReportPage(report: report, archive: "a.varve").page.html
        #expect(page.utf8.count < 5_000_000, "\(page.utf8.count)")
        #expect(page == ReportPage(report: report, archive: "a.varve").page.html)
    }

    @Test func manyStepsShareColumns() {
        let report = MadeReport(names: MadeReport.names(3), steps: 1000, keyframeEvery: 50).report
        let groups = StepGroup.all(report)
        #expect(groups.count <= StepGroup.most && groups.reduce(0) { $0 + $1.steps.count } == 1000)
        let page = ReportPage(report: report, archive: "a.varve").page.html
        #expect(page.utf8.count < 1_000_000)
    }

    @Test func aReportOfNothingIsAPage() {
        let empty = Report(steps: [], total: .init(), roles: [:], chain: .init(), keyframes: .init())
        #expect(ReportPage(report: empty, archive: "a").page.html.hasSuffix("</html>\n"))
    }

    /// Two keyframes of 60 steps; without the second one its step would cost what the others do.
    @Test func adviceNamesTheIntervalAndWhatItSaves() throws {
        let made = MadeReport(names: MadeReport.names(10), steps: 60, keyframeEvery: 50, keyframeBytes: 4000)
        let report = made.report
        let sentence = try #require(Advice(report: report, isWhole: true).sentences.first)
        let others = report.steps.filter { !$0.isKeyframe }.map { Double($0.total.storedBytes) }
        let saved = 40_077 - others.reduce(0, +) / Double(others.count)
        let share = Units.decimal(100 * saved / Double(report.total.storedBytes), 0)
        #expect(sentence.text.contains("--keyframe-every 100 would save about \(share) %"), "\(sentence.text)")
        #expect(sentence.html.contains("<code>--keyframe-every 100</code>"))
        #expect(Advice(report: report, isWhole: false).sentences.isEmpty)
    }

    @Test func axesEndAtRoundNumbers() {
        for value in [0.3, 1, 7, 99, 100, 101, 703_000, 1e12] {
            let scale = ChartFrame.scale(upTo: value) { "\($0)" }
            #expect(scale.end >= value && scale.end <= 2.5 * value && (2...7).contains(scale.labels.count), "\(value)")
        }
        let axis = PointChart.Axis.logarithmic([1.3, 35], Units.ratio)
        #expect(axis.place(1.3) > 0 && axis.place(35) < 1 && axis.labels.first == "1.00x")
        let linear = PointChart.Axis.linear([2.31, 2.35]) { Units.sixDigits($0) }
        #expect(linear.place(2.31) >= 0 && linear.place(2.35) <= 1 && Set(linear.labels).count == linear.labels.count)
    }
}
