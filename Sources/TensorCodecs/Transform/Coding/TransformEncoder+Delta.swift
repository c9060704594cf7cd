extension TransformEncoder {
    /// Quantizes what is left of a change, finer and finer until the error is within the bound.
    func delta(_ input: ParameterInput, _ change: WeightChange, exponents: [RankOneExponents]) throws(CodecError)
        -> EncodedParameter?
    {
        guard let previous = input.previous else { return nil }
        let form = input.form
        let state =
            input.state
            ?? TransformState(
                form: form, format: input.format, exactly: previous, initialDirections: input.initialDirections)
        if change.isNone { return try hold(input, previous, state, exponents: exponents) }
        var header = TransformHeader(.delta)
        header.exponentCount = exponents.count
        let now = Self.level(change.commonRootMeanSquare)
        header.level =
            state.age == 0
            ? now : Int32((settings.lag * Double(state.level) + (1 - settings.lag) * Double(now)).rounded())
        // The change is an estimate; half its standard deviation, a half over the root of twice the buckets, is kept free.
        let buckets = Double(max(1, ChangeSketch.bucketCount(form.count)))
        let margin = change.isSinceExact ? 0.95 : 0.95 * (1 - 0.5 / buckets.squareRoot())
        let bound = margin * settings.errorBound * change.meanSquare * Double(max(1, form.count))
        var trial = DeltaTrial(state, group(input, previous, state))
        var search = StepSizeSearch(
            from: stepSize(input, change, level: header.level, exponents: exponents), bound: bound)
        for _ in 0..<Self.attempts {
            guard
                var member = try quantize(
                    input, previous, &trial, header, size: search.size, exponents: exponents)
            else { return nil }
            let error = ResidualCodec.error(input.weight, member.weight, format: input.format).squared
            guard search.isBeyond(error) else {
                addSketches(input, to: &member, origin: state.origin.isEmpty ? previous : nil)
                return member
            }
        }
        return nil
    }

    private static let attempts = 12
    /// Grid integers of a change; beyond, it is stored exactly.
    private static let largestInteger = PowerTable.two(28)

    /// The quantizer's step in scaled coordinates.
    private func stepSize(
        _ input: ParameterInput, _ change: WeightChange, level: Int32, exponents: [RankOneExponents]
    ) -> Double {
        let form = input.form
        let q = settings.stepSize(of: form, change)
        let weighted = exponents.isEmpty ? settings.unweightedFactor : input.quantizerScale
        let factor = form.isVector ? 1 : min(TransformSettings.largestFactor, weighted)
        let typical = min(
            PowerTable.sixtyFourth(Int(level)), settings.largestLag * change.commonRootMeanSquare)
        let usual = typical * q * factor
        guard input.archivedError > 0, input.archivedError.isFinite else { return usual }
        // What was restored is off by more than the change, if changes have become small: its error is not worth the bits.
        let error = input.archivedError * settings.rebasedDeltaShare / Double(max(1, form.count))
        return max(usual, (12 * error).squareRoot())
    }

    /// Nothing moved but the rounding of what is stored; the level stays for when it moves again.
    private func hold(
        _ input: ParameterInput, _ previous: [UInt8], _ state: TransformState, exponents: [RankOneExponents]
    ) throws(CodecError) -> EncodedParameter {
        var state = state, header = TransformHeader(.hold)
        header.exponentCount = exponents.count
        header.level = state.level
        try state.begin(header, exponents: exponents)
        var member = EncodedParameter(header: header, state: state, weight: previous)
        addSketches(input, to: &member, origin: state.origin.isEmpty ? previous : nil)
        return member
    }

    /// What the tries of a delta have in common.
    private struct DeltaTrial {
        let before: TransformState
        /// Whether it begins a group whatever its step.
        let begins: Bool
        /// The elements that it holds in its group.
        let held: HeldElements
        /// `before` with a group begun: its bases, the dear part, do not depend on the step.
        var begun: TransformState?

        init(_ before: TransformState, _ group: (begins: Bool, held: HeldElements)) {
            self.before = before
            (begins, held) = group
        }
    }

    private func group(
        _ input: ParameterInput, _ previous: [UInt8], _ state: TransformState
    ) -> (begins: Bool, held: HeldElements) {
        func held(base: [UInt8]) -> HeldElements {
            HeldElements(input.weight, previous, base: base, input.format, input.form)
        }
        guard !settings.beginsGroup(age: state.age, form: input.form) else { return (true, held(base: previous)) }
        let own = held(base: state.base)
        return own.agree(state.base, previous, input.format) ? (false, own) : (true, held(base: previous))
    }

    private func quantize(
        _ input: ParameterInput, _ previous: [UInt8], _ trial: inout DeltaTrial, _ header: TransformHeader,
        size: Double, exponents: [RankOneExponents]
    ) throws(CodecError) -> EncodedParameter? {
        let form = input.form
        var state: TransformState, header = header
        var held = trial.held
        if trial.begins || !header.fits(size, unit: trial.before.unit) {
            header.kind = .firstDelta
            header.keepsBases = !settings.beginsGroup(age: trial.before.age, form: form)
            if !trial.begins { held = HeldElements(input.weight, previous, base: previous, input.format, form) }
            let correction = form.isVector ? 1 : exponents.first.map(MatrixScale.correction) ?? 1
            guard header.setGrid(delta: size * correction, fallback: nil) else { return nil }
            if trial.before.age == 0 { header.rule = settings.rule(for: form) }
            if trial.begun == nil {
                var begun = trial.before
                try begun.begin(header, exponents: exponents)
                trial.begun = begun
            }
            state = trial.begun ?? trial.before
            state.unit = header.unit
        } else {
            state = trial.before
            header.unit = state.unit
            header.stepSize = Int64((size / PowerTable.two(Int(state.unit))).rounded())
            try state.begin(header, exponents: exponents)
        }
        header.holdsElements = !held.isEmpty
        state.held = held
        return try quantize(input, &state, header)
    }

    /// Levels of what the coefficients do not have yet.
    private func quantize(
        _ input: ParameterInput, _ state: inout TransformState, _ header: TransformHeader
    ) throws(CodecError) -> EncodedParameter? {
        var header = header
        let grid = PowerTable.two(Int(-state.unit))
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / Double(header.stepSize))
        var levels: [Int32] = [], symbols: [Int32] = [], sums = CentroidSums()
        levels.reserveCapacity(input.form.count)
        for tile in state.tiles {
            let region = tile.region
            let residual = ScaledTile(
                input.weight, less: state.base, input.format, input.form, region, state.scale, grid: grid)
            guard residual.largest < Self.largestInteger else { return nil }
            // Rounding may have made it larger by a half.
            var matrix = BoundedMatrix(
                IntegerMatrix(rows: region.rows.count, columns: region.columns.count, values: residual.values),
                largest: residual.largest + 1)
            try tile.rotate(&matrix)
            let quantized = quantizer.quantize(&matrix.matrix, less: tile.coefficients, into: &levels)
            sums.add(matrix.matrix.values, scale: quantizer.scale, levels: levels.suffix(region.count))
            let energies = try TileEnergies(
                matrix.matrix.values, rowSums: quantized, scale: quantizer.scale, of: tile)
            header.energies.append(energies.header)
            symbols += energies.rows.symbols + energies.columns.symbols
        }
        guard !quantizer.overflows(levels) else { return nil }
        header.centroids = sums.centroids
        let classes = try state.classes(header, energies: symbols)
        do throws(CodecError) { try state.add(levels, of: header) } catch { return nil }
        var member = EncodedParameter(header: header, state: state, weight: try state.weight())
        member.levels = levels
        member.nonzeroLevels = sums.count
        member.classes = classes
        member.energySymbols = symbols
        return member
    }
}
