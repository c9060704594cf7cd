import Varve

/// A report arranged by layer, tensor, role, step or file, as a table, as CSV, or as a document for JSON.
struct GroupedReport {
    /// A line of the report.
    struct Row {
        var name: String
        var step: Int?
        var role: String?
        var note: String
        var figures: Report.Figures
        /// Squared error, relative; `nil` where nothing can have been lost.
        var error: Double?
        /// How many steps it sums up, where it does.
        var steps: Int?
        /// Of a step: restored keyframes that take as long.
        var cost: Double?

        init(
            name: String, step: Int? = nil, role: String? = nil, note: String = "", figures: Report.Figures,
            error: Double? = nil
        ) {
            self.name = name
            self.step = step
            self.role = role
            self.note = note
            self.figures = figures
            self.error = error
        }
    }

    let report: Report
    let grouping: ReportCommand.Grouping
    /// Whether the user chose steps: then tensors have a line for each.
    let stepsAreNamed: Bool
    private(set) var rows: [Row] = []

    init(_ report: Report, by grouping: ReportCommand.Grouping, stepsAreNamed: Bool = false) {
        self.report = report
        self.stepsAreNamed = stepsAreNamed
        self.grouping = grouping
        switch grouping {
        case .layer: rows = Self.layers(report)
        case .tensor: rows = Self.tensors(report)
        case .role: rows = Self.roles(report)
        case .step: rows = Self.steps(report)
        case .file: rows = Self.files(report)
        }
    }

    // MARK: Rows

    /// The layer of a parameter: its name up to the last number in it, else without its last component.
    static func layer(_ name: String) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if let number = parts.lastIndex(where: { Int($0) != nil }), number + 1 < parts.count {
            return parts[...number].joined(separator: ".")
        }
        return parts.count > 1 ? parts.dropLast().joined(separator: ".") : name
    }

    /// Per layer over all steps, keyframes apart: they would drown what the chain costs. The error is that of the
    /// weights; errors of weights and moments do not add up.
    private static func layers(_ report: Report) -> [Row] {
        var order: [String] = []
        var figures: [String: Report.Figures] = [:], weights: [String: Report.Figures] = [:]
        for step in report.steps {
            for tensor in step.tensors {
                let layer = tensor.role == .other && tensor.key.isEmpty ? "(other tensors)" : layer(tensor.name)
                let name = step.isKeyframe ? "keyframe" : layer
                if figures[name] == nil { order.append(name) }
                figures[name, default: .init()].add(tensor.figures)
                if tensor.role == .weight { weights[name, default: .init()].add(tensor.figures) }
            }
        }
        var rows = order.filter { $0 != "keyframe" }.map {
            Row(name: $0, figures: figures[$0] ?? .init(), error: weights[$0]?.relativeSquaredError)
        }
        if let keyframes = figures["keyframe"] {
            rows.append(Row(name: "keyframes, all layers", note: keyframeCodings(report), figures: keyframes))
        }
        if let payload = report.roles[.payload] {
            rows.append(Row(name: "payload and container", role: "payload", note: "exact", figures: payload))
        }
        return rows
    }

    /// How keyframes are coded, `transform` or `exact` or both.
    private static func keyframeCodings(_ report: Report) -> String {
        let methods = Set(
            report.steps.filter(\.isKeyframe).flatMap { step in
                step.tensors.filter { $0.role == .weight }.map { $0.isExact ? "exact" : $0.coding.rawValue }
            })
        return methods.sorted().joined(separator: ", ")
    }

    /// The coding of a tensor, with what there is to say of it.
    private static func note(_ tensor: Report.Tensor) -> String {
        var note = tensor.coding.rawValue
        // A first moment whose displacement lies below the weight's step size gets no bits.
        if tensor.role == .firstMoment, !tensor.isExact, tensor.figures.prunedShare == 1 { note += ", below the step" }
        if tensor.pairing == .ambiguous { note += ", unpaired" }
        return note
    }

    private static func tensors(_ report: Report) -> [Row] {
        report.steps.flatMap { step in
            step.tensors.map {
                Row(
                    name: $0.key.isEmpty ? $0.name : "\($0.name) \($0.key)", step: step.number, role: $0.role.rawValue,
                    note: note($0), figures: $0.figures,
                    error: $0.isExact ? nil : $0.figures.relativeSquaredError)
            }
        }
    }

    private static func roles(_ report: Report) -> [Row] {
        Report.Category.allCases.compactMap { category in
            report.roles[category].map {
                Row(
                    name: category.rawValue, role: category.rawValue, figures: $0, error: $0.relativeSquaredError)
            }
        }
    }

    private static func steps(_ report: Report) -> [Row] {
        report.steps.map {
            var row = Row(
                name: $0.path, step: $0.number,
                note: $0.isKeyframe ? "\($0.method), keyframe" : $0.method,
                figures: $0.total,
                error: $0.roles[.weight]?.relativeSquaredError)
            row.cost = $0.restoreCost
            return row
        }
    }

    private static func files(_ report: Report) -> [Row] {
        report.steps.flatMap { step in
            step.files.map {
                Row(name: $0.path, step: step.number, figures: $0.figures, error: $0.figures.relativeSquaredError)
            }
        }
    }

    /// A line for each tensor over all steps. Its error is that of the steps that build on others: in a keyframe it is
    /// measured against something else.
    private var summedTensors: [Row] {
        var order: [String] = [], rows: [String: Row] = [:], chain: [String: Report.Figures] = [:]
        var notes: [String: [String]] = [:]
        let keyframes = Set(report.steps.filter(\.isKeyframe).map(\.number))
        for row in self.rows {
            let key = "\(row.role ?? "") \(row.name)"
            if rows[key] == nil {
                order.append(key)
                rows[key] = Row(name: row.name, role: row.role, figures: .init())
                rows[key]?.steps = 0
            }
            rows[key]?.figures.add(row.figures)
            rows[key]?.steps? += 1
            if row.error != nil, !keyframes.contains(row.step ?? -1) { chain[key, default: .init()].add(row.figures) }
            if !notes[key, default: []].contains(row.note) { notes[key, default: []].append(row.note) }
        }
        return order.compactMap { key in
            guard var row = rows[key] else { return nil }
            row.error = chain[key]?.relativeSquaredError
            row.note = notes[key, default: []].joined(separator: "; ")
            return row
        }
    }

    // MARK: Table

    /// - Parameter width: of the terminal; `nil` for whatever the names need.
    func table(width: Int?) -> [String] {
        let isSummed = grouping == .tensor && !stepsAreNamed
        let showsStep = [.tensor, .file, .step].contains(grouping), showsRole = grouping == .tensor
        let showsNote = [.tensor, .step, .layer].contains(grouping)
        var columns: [TextTable.Column] = [.init(title: grouping.rawValue, alignment: .left)]
        if showsStep {
            columns.append(.init(title: isSummed ? "steps" : "step", alignment: .right, expendable: isSummed ? 5 : 0))
        }
        if showsRole { columns.append(.init(title: "role", alignment: .left, expendable: 1)) }
        columns += [
            .init(title: "original", alignment: .right, expendable: 2), .init(title: "stored", alignment: .right),
            .init(title: "ratio", alignment: .right), .init(title: "pruned", alignment: .right, expendable: 3),
            .init(title: "error", alignment: .right),
        ]
        if grouping == .step { columns.append(.init(title: "restore", alignment: .right, expendable: 2)) }
        if showsNote { columns.append(.init(title: "coding", alignment: .left, expendable: 4)) }
        var table = TextTable(columns)
        for row in isSummed ? summedTensors : rows {
            var cells = [row.name]
            if showsStep { cells.append((row.steps ?? row.step).map(String.init) ?? "") }
            if showsRole { cells.append(row.role ?? "") }
            cells += [
                Units.bytes(row.figures.originalBytes), Units.bytes(row.figures.storedBytes),
                Units.ratio(row.figures.ratio),
                Units.percent(row.figures.prunedShare), row.error.map(Units.figure) ?? "-",
            ]
            if grouping == .step { cells.append(row.cost.map(Units.ratio) ?? "-") }
            if showsNote { cells.append(row.note) }
            table.add(cells)
        }
        return table.lines(width: width)
    }

    /// What there is to say of all of it, below the table.
    var sentences: [String] {
        var lines: [String] = []
        if report.chain.storedBytes > 0 {
            let weights = report.weightError ?? 0
            lines.append(
                "chain: weights and both moments of "
                    + "\(Units.count(report.steps.filter { !$0.isKeyframe }.count, "step")), "
                    + "\(Units.bytes(report.chain.originalBytes)) -> \(Units.bytes(report.chain.storedBytes)), "
                    + "ratio \(Units.ratio(report.chain.ratio)), weight error \(Units.figure(weights))")
        }
        lines += kept
        lines += restoring
        lines += spending
        for (what, steps) in [("forgotten steps", report.forgotten), ("replaced steps", report.replaced)]
        where !steps.isEmpty {
            lines.append(
                "\(what), not pruned or still needed: \(steps.count), \(Units.bytes(steps.values.reduce(0, +)))")
        }
        lines.append(
            "total: \(Units.bytes(report.total.originalBytes)) -> \(Units.bytes(report.total.storedBytes)), "
                + "ratio \(Units.ratio(report.total.ratio)), keyframes, payload and container included")
        return lines
    }

    /// How much of what training changed is there, in the step that has least of it.
    private var kept: [String] {
        var lines: [String] = []
        let steps = report.steps.filter { !$0.isKeyframe }
        func least(_ share: KeyPath<KeptChange, Double?>, _ since: String) {
            let shares = steps.compactMap { step in step.kept[keyPath: share].map { (step.number, $0) } }
            guard let worst = shares.min(by: { $0.1 < $1.1 }) else { return }
            lines.append(
                "kept of the change since \(since): \(Units.percent(max(0, worst.1))) or more (least in step \(worst.0))"
            )
        }
        least(\.sinceBefore, "the step before")
        least(\.sinceStart, "the chain began")
        return lines
    }

    /// What a restore takes, of the last step and of the one that takes most.
    private var restoring: [String] {
        guard let last = report.steps.last, let cost = last.restoreCost else { return [] }
        func times(_ cost: Double) -> String {
            cost < 1.05 ? "as much as a keyframe" : "\(Units.decimal(cost, 1)) times a keyframe"
        }
        var line = "restoring the last step (\(last.number)) costs \(times(cost))"
        let most = report.steps.max { ($0.restoreCost ?? 0) < ($1.restoreCost ?? 0) }
        if let most, let dearest = most.restoreCost, dearest > 1.05 * cost {
            line += ", the dearest one (\(most.number)) \(times(dearest))"
        }
        return [line]
    }

    /// What keyframes cost, and how many bits of a parameter go where.
    private var spending: [String] {
        var lines: [String] = []
        if report.keyframes.storedBytes > 0, report.total.storedBytes > 0 {
            let share = Double(report.keyframes.storedBytes) / Double(report.total.storedBytes)
            lines.append(
                "keyframes: weights and both moments of \(Units.count(report.steps.filter(\.isKeyframe).count, "step")), "
                    + "\(Units.bytes(report.keyframes.originalBytes)) -> \(Units.bytes(report.keyframes.storedBytes)), "
                    + "\(Units.percent(share)) of the archive")
        }
        let steps = report.steps.filter { !$0.isKeyframe }
        func sum(_ category: Report.Category) -> Report.Figures {
            steps.reduce(into: Report.Figures()) { if let figures = $1.roles[category] { $0.add(figures) } }
        }
        let parameters = Double(sum(.weight).elementCount)
        guard parameters > 0 else { return lines }
        let parts = [(sum(.weight), "weights"), (sum(.firstMoment), "first"), (sum(.secondMoment), "second moments")]
            .map {
                "\($0.1) \(Units.figure(8 * Double($0.0.storedBytes) / parameters))"
            }
        lines.append("bits per parameter and step of the chain: " + parts.joined(separator: ", "))
        let first = steps.flatMap(\.tensors).filter { $0.role == .firstMoment && !$0.isExact }
        let below = first.filter { $0.figures.prunedShare == 1 }.count
        if below > 0 {
            lines.append(
                "\(below) of \(first.count) first moments lie below the weights' step in what they will still move, "
                    + "and are zero")
        }
        return lines
    }

    // MARK: CSV

    var csv: [String] {
        var lines = [
            "name,step,role,coding,originalBytes,storedBytes,ratio,prunedShare,squaredError,relativeSquaredError,maxAbsoluteError"
        ]
        for row in rows {
            let figures = row.figures
            lines.append(
                [
                    Self.quoted(row.name), row.step.map(String.init) ?? "", row.role ?? "", Self.quoted(row.note),
                    "\(figures.originalBytes)", "\(figures.storedBytes)", "\(figures.ratio)", "\(figures.prunedShare)",
                    "\(figures.squaredError)", row.error.map { "\($0)" } ?? "", "\(figures.largestError)",
                ].joined(separator: ","))
        }
        return lines
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
