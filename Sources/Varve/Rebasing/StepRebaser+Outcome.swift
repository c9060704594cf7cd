import ChainArchive
import TensorCodecs

/// What taking a step again did to its values.
extension StepRebaser {
    /// - Parameters:
    ///   - manifest: of the new version, as it was encoded.
    ///   - old: of the version that it is taken from.
    func outcome(_ manifest: StepManifest, of old: StepManifest) -> ForgetResult.Rebased {
        var result = ForgetResult.Rebased(
            step: manifest.number, predecessor: nil, storedBytes: 0, largestChange: 0, addedError: nil,
            changesMoments: false)
        if case .step(let before, _) = manifest.predecessor { result.predecessor = StepVersion.number(before) }
        var added = 0.0
        for record in manifest.tensors {
            guard let change = record.statistics.rebased, change != ErrorMeasure() else { continue }
            if record.role == .weight {
                result.largestChange = max(result.largestChange, change.maximum)
                if record.identity.isWeight { added += change.squared }
            } else {
                result.changesMoments = true
            }
        }
        let before = old.tensors.lazy.filter(\.identity.isWeight).reduce(0) { $0 + $1.statistics.squaredError }
        if added > 0, before > 0, (added / before).isFinite { result.addedError = added / before }
        return result
    }

    /// What was said of the step, but what is said of it anew.
    /// - Parameter start: the step whose base it builds on now; `nil` for none.
    func notes(
        _ manifest: StepManifest, _ old: StepManifest, _ start: StepManifest?, _ outcome: ForgetResult.Rebased,
        _ method: StepMethod
    ) -> [String] {
        let warnings = [KeptChange(manifest, bound: method.errorBound).warning, manifest.unprovenNote]
        let base = start?.notes.first { BaseNote.name(in: [$0]) != nil }
        var notes = old.notes.filter { !KeptChange.isWarning($0) && BaseNote.name(in: [$0]) == nil }
        for note in [base] + manifest.notes + [outcome.note] + warnings {
            if let note, !notes.contains(note) { notes.append(note) }
        }
        return notes
    }
}

extension ForgetResult.Rebased {
    /// Whether it restores to other bytes than before.
    var changesValues: Bool { largestChange > 0 || changesMoments }

    fileprivate var note: String {
        "taken again from what the archive restored of it: "
            + (changesValues ? "its restored weights \(change)" : "it restores to the same bytes")
    }

    /// By how much, in words.
    private var change: String {
        guard largestChange > 0 else { return "are the same, moments are not" }
        var text = "changed by at most \(Self.figure(largestChange))"
        if let addedError {
            text += ", which adds \(Int((min(addedError, 1e6) * 100).rounded(.up))) % to their squared error"
        }
        return text
    }

    /// What a user should read.
    var notice: String { "step \(step) was \(note)" }

    /// Three digits, rounded up.
    private static func figure(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return "\(value)" }
        var digits = value, scale = 1.0
        while digits < 100 { (digits, scale) = (digits * 10, scale * 10) }
        while digits >= 1000 { (digits, scale) = (digits / 10, scale / 10) }
        return "\(Float(digits.rounded(.up) / scale))"
    }
}
