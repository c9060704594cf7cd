/// Quantizes parameters for method `transform` (`Docs/method.md`), and restores them as a decoder will.
///
/// Everything here is Doubles in a fixed order and exact products, so the same input gives the same bytes everywhere.
package struct TransformEncoder: Sendable {
    package let settings: TransformSettings

    package init(settings: TransformSettings) { self.settings = settings }

    /// Quantizes a parameter against its predecessor, or on its own where it has none.
    /// - Returns: `nil` where it must be stored exactly: values beyond what the grid or the format can hold.
    /// - Throws: only for a state that is damaged.
    package func encode(_ input: TransformInput) throws(CodecError) -> TransformMember? {
        guard let exponents = exponents(input) else { return nil }
        let member =
            input.previous == nil
            ? try keyframe(input, exponents: exponents) : try delta(input, exponents: exponents)
        guard var member else { return nil }
        guard !input.format.hasNonFinite(member.weight) else { return nil }
        let before = member.step.kind == .keyframe ? [] : input.state?.exponents ?? []
        for (place, fitted) in exponents.enumerated() {
            let previous = place < before.count ? before[place] : nil
            member.exponentSymbols.append(fitted.encode(previous: previous))
            member.hadExponents.append(previous != nil)
        }
        addMoments(input, to: &member)
        return member
    }

    // MARK: Exponents

    /// `nil` where a second moment holds a value that is none.
    private func exponents(_ input: TransformInput) -> [RankOneExponents]? {
        var result: [RankOneExponents] = []
        for (place, moment) in [input.second, input.maximum].enumerated() {
            guard let moment else { break }
            let before = input.state?.exponents
            guard
                let fitted = Self.fit(
                    moment.values, rows: input.form.rows, columns: input.form.columns, first: input.first?.values,
                    previous: before.flatMap { place < $0.count ? $0[place] : nil }, moves: settings.exponentMoves)
            else { return nil }
            result.append(fitted)
        }
        return result
    }

    /// Exponents of a second moment, `nil` where it holds NaN, infinity or a negative value.
    package static func fit(
        _ values: [Float], rows: Int, columns: Int, first: [Float]?, previous: RankOneExponents?, moves: ExponentMoves
    ) -> RankOneExponents? {
        values.withUnsafeBufferPointer { values in
            guard let first else {
                return RankOneExponents.fit(
                    values, rows: rows, columns: columns, first: nil, previous: previous, moves: moves)
            }
            return first.withUnsafeBufferPointer {
                RankOneExponents.fit(values, rows: rows, columns: columns, first: $0, previous: previous, moves: moves)
            }
        }
    }

    // MARK: Keyframes

    /// The weight on a uniform grid in scaled coordinates; the first moment in units of sqrt(v).
    private func keyframe(_ input: TransformInput, exponents: [RankOneExponents]) throws(CodecError)
        -> TransformMember?
    {
        let form = input.form
        var state = TransformState(form: form, format: input.format, exactly: [])
        state.beginKeyframe(exponents)
        var step = TransformStep(.keyframe)
        step.exponentCount = exponents.count

        let scaled = form.tiles.map { tile in
            ScaledTile(input.weight, less: nil, input.format, form, tile, state.scale, grid: nil).values
        }
        let energy = scaled.reduce(0.0) { $1.reduce($0) { $0 + $1 * $1 } }
        let size = (energy / Double(max(1, form.count))).squareRoot()
        guard size.isFinite else { return nil }
        step.level = Self.level(size)
        guard
            step.setGrid(
                delta: size * (form.isVector ? settings.keyframeVectorStep : settings.keyframeStep),
                fallback: input.weight.isEmpty ? 0 : -100)
        else { return nil }
        let quantizer = TileQuantizer(zone: DeadZone(theta: 0), scale: 1 / step.delta)
        var levels: [Int32] = []
        levels.reserveCapacity(form.count)
        for (values, tile) in zip(scaled, form.tiles) {
            levels += quantizer.levels(values)
            step.offsets.append(KeyframeClasses.offset(state.scale, tile))
        }
        let (largest, nonzero) = quantizer.extent(of: levels)
        guard largest < DeadZone.largest else { return nil }

        var moment: (levels: [Int32], directions: [Float])?
        if let first = input.first, settings.keepsKeyframeMoment(of: form) {
            guard let quantized = keyframeMoment(first.values, form, exponents.first, &step) else { return nil }
            moment = quantized
        }
        let classes = KeyframeClasses.classes(state.scale, form, offsets: step.offsets)
        state.takeKeyframe(step, levels: levels, opening: moment?.directions ?? [])
        var member = TransformMember(step: step, state: state, weight: state.base)
        member.levels = levels
        member.nonzeroLevels = nonzero
        member.classes = classes
        member.momentLevels = moment?.levels ?? []
        return member
    }

    private func keyframeMoment(
        _ values: [Float], _ form: MatrixForm, _ exponents: RankOneExponents?, _ step: inout TransformStep
    ) -> (levels: [Int32], directions: [Float])? {
        var header = TransformStep.Moment()
        let units = MomentUnits(exponents, form)
        var sizes = units.divided(values)
        let energy = sizes.reduce(0.0) { $0 + $1 * $1 }
        let size = (energy / Double(max(1, values.count))).squareRoot()
        guard size.isFinite, let grid = Grid(delta: max(size * settings.keyframeMomentStep, 1e-250)) else { return nil }
        (header.unit, header.step) = (grid.unit, grid.step)
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / grid.delta)
        let levels = quantizer.levels(sizes)
        guard !quantizer.overflows(levels) else { return nil }
        var centroids = CentroidSums()
        centroids.add(sizes, scale: 1 / grid.delta, levels: levels[...])
        sizes = []
        header.centroids = centroids.centroids
        step.moment = header
        let restored = units.restored(levels, header)
        guard restored.allSatisfy(\.isFinite) else { return nil }
        return (levels, MomentUnits.directions(levels, header))
    }

    // MARK: Deltas

    private func delta(_ input: TransformInput, exponents: [RankOneExponents]) throws(CodecError) -> TransformMember? {
        guard let previous = input.previous else { return nil }
        let form = input.form, count = Double(max(1, form.count))
        let residual = ResidualCodec.error(input.weight, previous, format: input.format).squared / count
        let error = input.previousError / count
        guard residual.isFinite, error.isFinite else { return nil }
        var state =
            input.state
            ?? TransformState(form: form, format: input.format, exactly: previous, opening: input.opening)
        // The stand-in for the true change, whose original is gone when a run is appended to.
        let now = Self.level(max(residual / 20, residual - error).squareRoot())
        let isFirst = state.age == 0
        var step = TransformStep(.delta)
        step.exponentCount = exponents.count
        step.level =
            isFirst ? now : Int32((settings.lag * Double(state.level) + (1 - settings.lag) * Double(now)).rounded())
        if residual <= error * Self.stillness || residual == 0 {
            // Nothing moved but the rounding of what is stored; the level stays for when it moves again.
            step.kind = .hold
            step.level = isFirst ? now : state.level
            try state.begin(step, exponents: exponents)
            return TransformMember(step: step, state: state, weight: previous)
        }
        let q = form.isVector ? min(settings.stepSize, settings.vectorStepSize) : settings.stepSize
        let weighted = exponents.isEmpty ? settings.unweightedFactor : input.stepFactor
        let factor = form.isVector ? 1 : min(TransformSettings.largestFactor, weighted)
        let size = PowerTable.sixtyFourth(Int(step.level)) * q * factor
        if settings.beginsGroup(age: state.age, form: form) || !step.fits(size, unit: state.unit) {
            step.kind = .firstDelta
            let correction = form.isVector ? 1 : exponents.first.map(MatrixScale.correction) ?? 1
            guard step.setGrid(delta: size * correction, fallback: nil) else { return nil }
            if state.age == 0 { step.rule = settings.rule(for: form) }
        } else {
            step.unit = state.unit
            step.step = Int64((size / PowerTable.two(Int(state.unit))).rounded())
        }
        try state.begin(step, exponents: exponents)

        // Levels of what the coefficients do not have yet.
        let grid = PowerTable.two(Int(-state.unit))
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / Double(step.step))
        var levels: [Int32] = [], symbols: [Int32] = [], sums = CentroidSums()
        levels.reserveCapacity(form.count)
        for tile in state.tiles {
            let place = tile.place
            let residual = ScaledTile(
                input.weight, less: state.base, input.format, form, place, state.scale, grid: grid)
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

    /// A residual so little above the recorded error is that error.
    private static let stillness = 1.001
    /// Grid integers of a change; beyond, it is stored exactly.
    private static let largestInteger = PowerTable.two(28)

    /// log2 of a size in 64ths of an octave.
    private static func level(_ size: Double) -> Int32 {
        Int32(max(Int(TransformStep.levelRange.lowerBound), PowerTable.log2(size, parts: 64)))
    }
}
