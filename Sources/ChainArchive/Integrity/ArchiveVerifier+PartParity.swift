import FileSystem

extension ArchiveVerifier {
    /// Checks the parity of parts that have one. Damage in it harms no step.
    static func checkParity(
        of parts: [StepManifest.Part], step: Int?, path: (String) -> String
    ) -> [Finding] {
        var findings: [Finding] = []
        for part in parts {
            let path = path(ArchiveLayout.parityName(of: part.name))
            do throws(VarveError) {
                guard let parity = try PartParity.read(path), parity.byteCount != part.byteCount else { continue }
                throw VarveError(.damaged, "it is of a part of \(parity.byteCount) bytes", file: path)
            } catch {
                var error = error
                if error.code == .damaged { error.message += "; `Archive.repair` makes it again" }
                findings.append(Finding(step: step, error: error, records: []))
            }
        }
        return findings
    }

    /// The same findings; those of damaged parts say whether a repair mends them, instead of that it may.
    static func sayingWhatCanBeMended(_ findings: [Finding]) -> [Finding] {
        var known: [String: Bool?] = [:]
        return findings.map { finding in
            guard let path = finding.error.location.file, path.hasSuffix(".part") else { return finding }
            let canMend = known[path] ?? PartMender.canMend(path)
            known[path] = .some(canMend)
            guard let canMend else { return finding }
            var finding = finding
            if finding.error.message.hasSuffix(PartReader.hint) {
                finding.error.message.removeLast(PartReader.hint.count)
            }
            finding.error.message +=
                canMend ? "; `Archive.repair` mends it" : "; more is damaged than `Archive.repair` can mend"
            return finding
        }
    }
}
