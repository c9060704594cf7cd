import TensorCodecs

/// What a worker took for granted, in words: two workers of one step must agree in all of it.
package struct PartClaims: Sendable, Hashable {
    /// Program and release, because another one may come to other bytes.
    package var program: String
    /// Method and settings, as `method` of the manifest has them and more.
    package var settings: String
    /// Weights outside of the archive; empty for none.
    package var base: String
    /// The step before, and whether the step builds on it.
    package var predecessor: String
    /// Hash of the names, sizes and times of the step's files.
    package var files: String
    /// Hash of the plan, with all of the above.
    package var plan: Hash128

    package init(
        program: String, settings: String, base: String, predecessor: String, files: String, plan: Hash128
    ) {
        self.program = program
        self.settings = settings
        self.base = base
        self.predecessor = predecessor
        self.files = files
        self.plan = plan
    }

    /// In what two workers differ, both sides named; `nil` where they agree.
    /// - Parameters:
    ///   - own, other: who they are, as in `part 0 of 4`.
    package func difference(_ own: String, from claims: PartClaims, _ other: String) -> String? {
        for (what, mine, theirs) in [
            ("made by", program, claims.program), ("made with", settings, claims.settings),
            ("built on the weights of", base, claims.base), ("made as", predecessor, claims.predecessor),
        ] where mine != theirs {
            func said(_ value: String) -> String { value.isEmpty ? "none" : value }
            return "\(own) was \(what) \(said(mine)), \(other) \(what) \(said(theirs))"
        }
        if files != claims.files { return "\(own) and \(other) were made from files of different sizes or times" }
        return plan == claims.plan ? nil : "\(own) and \(other) were planned differently"
    }

    /// Whether two are of jobs that cannot both be meant, whatever the step's files were.
    package func isOtherJob(than claims: PartClaims) -> Bool {
        program != claims.program || settings != claims.settings || base != claims.base
    }
}

extension PartClaims {
    func write(to writer: inout ManifestWriter) {
        for text in [program, settings, base, predecessor, files] { writer.text(text) }
        writer.hash(plan)
    }

    init(from reader: inout ManifestReader) throws(CodecError) {
        program = try reader.text()
        settings = try reader.text()
        base = try reader.text()
        predecessor = try reader.text()
        files = try reader.text()
        plan = try reader.hash()
    }
}
