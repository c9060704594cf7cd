extension TransformEncoder {
    /// Quantizes what is left of a change, finer and finer until the error is within the bound.
    func delta(_ input: TransformInput, _ change: WeightChange, exponents: [RankOneExponents]) throws(CodecError)
        -> TransformMember?
    {
        guard let previous = input.previous else { return nil }
        let form = input.form
        let state =
            input.state
            ?? TransformState(form: form, format: input.format, exactly: previous, opening: input.opening)
        if change.isNone { return try hold(input, previous, state, exponents: exponents) }
        var step = TransformStep(.delta)
        step.exponentCount = exponents.count
        let now = Self.level(change.commonRootMeanSquare)
        step.level =
            state.age == 0
            ? now : Int32((settings.lag * Double(state.level) + (1 - settings.lag) * Double(now)).rounded())
        // The change is an estimate; half its standard deviation, a half over the root of twice the buckets, is kept free.
        let buckets = Double(max(1, ChangeSketch.bucketCount(form.count)))
        let margin = change.isSinceExact ? 0.95 : 0.95 * (1 - 0.5 / buckets.squareRoot())
        let bound = margin * settings.errorBound * change.meanSquare * Double(max(1, form.count))
        var size = stepSize(input, change, level: step.level, exponents: exponents)
        for _ in 0..<Self.attempts {
            guard
                var member = try quantize(input, previous, state, step, size: size, exponents: exponents)
            else { return nil }
            let error = ResidualCodec.error(input.weight, member.weight, format: input.format).squared
            guard error > bound else {
                addSketches(input, to: &member, origin: state.origin.isEmpty ? previous : nil)
                return member
            }
            // The error falls more slowly than the step's square where most levels are zero.
            size *= max(0.25, min(0.8, 0.95 * (bound / error).squareRoot()))
        }
        return nil
    }

    private static let attempts = 12
    /// Grid integers of a change; beyond, it is stored exactly.
    private static let largestInteger = PowerTable.two(28)

    /// The quantizer's step in scaled coordinates.
    private func stepSize(
        _ input: TransformInput, _ change: WeightChange, level: Int32, exponents: [RankOneExponents]
    ) -> Double {
        let form = input.form
        let q = settings.stepSize(of: form, change)
        let weighted = exponents.isEmpty ? settings.unweightedFactor : input.stepFactor
        let factor = form.isVector ? 1 : min(TransformSettings.largestFactor, weighted)
        let typical = min(
            PowerTable.sixtyFourth(Int(level)), settings.largestLag * change.commonRootMeanSquare)
        return typical * q * factor
    }

    /// Nothing moved but the rounding of what is stored; the level stays for when it moves again.
    private func hold(
        _ input: TransformInput, _ previous: [UInt8], _ state: TransformState, exponents: [RankOneExponents]
    ) throws(CodecError) -> TransformMember {
        var state = state, step = TransformStep(.hold)
        step.exponentCount = exponents.count
        step.level = state.level
        try state.begin(step, exponents: exponents)
        var member = TransformMember(step: step, state: state, weight: previous)
        addSketches(input, to: &member, origin: state.origin.isEmpty ? previous : nil)
        return member
    }

    private func quantize(
        _ input: TransformInput, _ previous: [UInt8], _ before: TransformState, _ header: TransformStep, size: Double,
        exponents: [RankOneExponents]
    ) throws(CodecError) -> TransformMember? {
        let form = input.form
        var state = before, step = header
        let held = HeldElements(input.weight, previous, input.format, form)
        if settings.beginsGroup(age: state.age, form: form) || !step.fits(size, unit: state.unit)
            || !held.agree(state.base, previous, input.format)
        {
            step.kind = .firstDelta
            let correction = form.isVector ? 1 : exponents.first.map(MatrixScale.correction) ?? 1
            guard step.setGrid(delta: size * correction, fallback: nil) else { return nil }
            if state.age == 0 { step.rule = settings.rule(for: form) }
        } else {
            step.unit = state.unit
            step.step = Int64((size / PowerTable.two(Int(state.unit))).rounded())
        }
        try state.begin(step, exponents: exponents)
        step.holdsElements = !held.isEmpty
        state.held = held
        return try quantize(input, &state, step)
    }

    /// Levels of what the coefficients do not have yet.
    private func quantize(
        _ input: TransformInput, _ state: inout TransformState, _ header: TransformStep
    ) throws(CodecError) -> TransformMember? {
        var step = header
        let grid = PowerTable.two(Int(-state.unit))
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / Double(step.step))
        var levels: [Int32] = [], symbols: [Int32] = [], sums = CentroidSums()
        levels.reserveCapacity(input.form.count)
        for tile in state.tiles {
            let place = tile.place
            let residual = ScaledTile(
                input.weight, less: state.base, input.format, input.form, place, state.scale, grid: grid)
            guard residual.largest < Self.largestInteger else { return nil }
            // Rounding may have made it larger by a half.
            var matrix = BoundedMatrix(
                IntegerMatrix(rows: place.rows.count, columns: place.columns.count, values: residual.values),
                largest: residual.largest + 1)
            try tile.rotate(&matrix)
            let quantized = quantizer.quantize(&matrix.matrix, less: tile.coefficients, into: &levels)
            sums.add(matrix.matrix.values, scale: quantizer.scale, levels: levels.suffix(place.count))
            let energies = try TileEnergies(
                matrix.matrix.values, rowSums: quantized, scale: quantizer.scale, of: tile)
            step.energies.append(energies.header)
            symbols += energies.rows.symbols + energies.columns.symbols
        }
        guard !quantizer.overflows(levels) else { return nil }
        step.centroids = sums.centroids
        let classes = try state.classes(step, energies: symbols)
        do throws(CodecError) { try state.add(levels, of: step) } catch { return nil }
        var member = TransformMember(step: step, state: state, weight: try state.weight())
        member.levels = levels
        member.nonzeroLevels = sums.count
        member.classes = classes
        member.energySymbols = symbols
        return member
    }
}
