import Varve

extension KeptChange {
    /// How much is kept, in words; `nil` if there is nothing to compare with.
    var text: String? {
        func percent(_ share: Double) -> String { Units.percent(max(0, share)) }
        guard let before else {
            return sinceStart.map { "keeps \(percent($0)) of the change since the base" }
        }
        guard let sinceBefore else { return nil }
        let text = "keeps \(percent(sinceBefore)) of the change since step \(before)"
        return text + (sinceStart.map { ", \(percent($0)) since the chain began" } ?? "")
    }
}
