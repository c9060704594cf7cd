import Varve

/// What would make an archive smaller or better, in sentences with the option that does it.
struct Advice {
    /// A sentence: text, and options or commands among it.
    struct Sentence: Equatable {
        enum Part: Equatable {
            case text(String)
            case code(String)
        }

        var parts: [Part]

        init(_ parts: Part...) { self.parts = parts }

        var text: String {
            parts.map { part in
                switch part {
                case .text(let text), .code(let text): text
                }
            }.joined()
        }

        var html: String {
            parts.map { part in
                switch part {
                case .text(let text): HTMLText.escaped(text)
                case .code(let code): "<code>\(HTMLText.escaped(code))</code>"
                }
            }.joined()
        }
    }

    let report: Report
    /// Whether the report has all steps, so that intervals can be told.
    let isWhole: Bool

    var sentences: [Sentence] {
        [keyframes, kept, moments, unpaired, extras, dropped].compactMap(\.self)
    }

    var html: String {
        let sentences = sentences
        guard !sentences.isEmpty else { return "" }
        return """
            <section class="wide" aria-labelledby="advice-title"><h2 id="advice-title">Advice</h2>
            <ul class="advice">\(sentences.map { "<li>\($0.html)</li>" }.joined())</ul></section>

            """
    }

    private var total: Double { Double(report.total.storedBytes) }

    private func share(_ bytes: UInt64) -> Double { total > 0 ? Double(bytes) / total : 0 }

    private func percent(_ share: Double) -> String { "\(Units.decimal(share * 100, 0)) %" }

    // MARK: Keyframes

    private var keyframes: Sentence? {
        let keyframes = report.steps.indices.filter { report.steps[$0].isKeyframe }
        let bytes = report.keyframes.storedBytes
        guard share(bytes) >= Self.notable, isWhole else { return nil }
        let weight = "\(percent(share(bytes))) of this archive"
        let others = report.steps.filter { !$0.isKeyframe }.map { Double($0.total.storedBytes) }
        guard keyframes.count > 1, !others.isEmpty else {
            guard keyframes.count == 1, !others.isEmpty else { return nil }
            return Sentence(
                .text(
                    "The keyframe, one of \(report.steps.count) steps, is \(weight). The more steps follow, the less it weighs."
                ))
        }
        let interval = Self.interval(keyframes)
        guard interval > 0 else { return nil }
        // Every second one would be an ordinary step.
        let dropped = keyframes.enumerated().filter { $0.offset % 2 == 1 }.map { report.steps[$0.element] }
        let mean = others.reduce(0, +) / Double(others.count)
        let saved = dropped.reduce(0) { $0 + Double($1.total.storedBytes) - mean }
        guard saved > 0.01 * total else { return nil }
        return Sentence(
            .text("Keyframes are \(weight): "), .code("--keyframe-every \(2 * interval)"),
            .text(
                " would save about \(percent(saved / total)). A restore then goes through up to \(2 * interval) steps.")
        )
    }

    /// The distance that most keyframes have, in steps.
    private static func interval(_ keyframes: [Int]) -> Int {
        var counts: [Int: Int] = [:]
        for (one, next) in zip(keyframes, keyframes.dropFirst()) { counts[next - one, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
    }

    // MARK: Quality

    private var kept: Sentence? {
        let steps = report.steps.filter { !$0.isKeyframe && $0.kept.sinceStart != nil }
        guard let worst = steps.min(by: { ($0.kept.sinceStart ?? 1) < ($1.kept.sinceStart ?? 1) }),
            let share = worst.kept.sinceStart, share < 0.8
        else { return nil }
        return Sentence(
            .text("Step \(worst.number) keeps \(percent(max(0, share))) of the change since the chain began: "),
            .code("--quality high"), .text(" keeps more; "), .code("varve bench RUN"),
            .text(" measures what each quality makes of the run."))
    }

    private var moments: Sentence? {
        let bytes = [Report.Category.firstMoment, .secondMoment].reduce(UInt64(0)) {
            $0 + (report.roles[$1]?.storedBytes ?? 0)
        }
        guard share(bytes) >= Self.notable else { return nil }
        return Sentence(
            .text(
                "Moments are \(percent(share(bytes))) of this archive. Steps from which no training will go on need none: "
            ),
            .code("varve forget ARCHIVE --moments-only --keep-last 2"), .text(", then "), .code("varve prune ARCHIVE"),
            .text(", free what no later step needs."))
    }

    // MARK: What is stored beside

    private var unpaired: Sentence? {
        let tensors = report.steps.flatMap(\.tensors).filter { $0.pairing == .ambiguous }
        let bytes = tensors.reduce(UInt64(0)) { $0 + $1.figures.storedBytes }
        guard share(bytes) >= Self.small, let last = report.steps.last else { return nil }
        let count = last.tensors.count { $0.pairing == .ambiguous }
        return Sentence(
            .text("Optimizer state that could not be tied to a weight is \(percent(share(bytes))) of this archive"),
            .text(count == 0 ? ". " : ", \(Units.count(count, "tensor")) of the last step. "),
            .code("varve inspect RUN"), .text(" says what is known of it."))
    }

    private var extras: Sentence? {
        guard isWhole else { return nil }
        let ofSteps = report.steps.reduce(UInt64(0)) { $0 + ($1.roles[.payload]?.storedBytes ?? 0) }
        let dropped = report.forgotten.values.reduce(0, +) + report.replaced.values.reduce(0, +)
        let all = report.roles[.payload]?.storedBytes ?? 0
        let own = all - min(all, ofSteps + dropped)
        guard share(own) >= Self.notable else { return nil }
        return Sentence(
            .text("Files of the run that belong to no step are \(percent(share(own))) of this archive: "),
            .code("--extra none"), .text(" leaves them out."))
    }

    private var dropped: Sentence? {
        let bytes = report.forgotten.values.reduce(0, +) + report.replaced.values.reduce(0, +)
        guard share(bytes) >= Self.small else { return nil }
        return Sentence(
            .text("Forgotten and replaced steps are still \(percent(share(bytes))) of this archive: "),
            .code("varve prune ARCHIVE"), .text(" frees what no other step needs."))
    }

    /// Shares of the archive that are worth a sentence.
    private static let notable = 0.2, small = 0.02
}
