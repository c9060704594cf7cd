/// Quantizes states on their own.
package struct SingleStateEncoder: Sendable {
    /// What a resumed run needs of a state.
    package enum Need: Sendable, Hashable {
        /// Its direction: elements of either sign, each to a share of the size that its row and column have.
        case direction
        /// Its size: elements that are not negative, by rows and columns.
        case size
    }

    /// The quantizer's step in units of the root mean square.
    let stepSize: Double
    /// Quarter octaves of what row and column exponents leave over; 0 for none.
    let residualStepSize: Int32

    package init(settings: TransformSettings) {
        stepSize = settings.stateStepSize
        residualStepSize = settings.secondMomentStepSize
    }

    /// Vectors cost little, and a few numbers carry much.
    private static let vectorShare = 0.5
    /// Of a state that is not negative where the direction counts: the elements may be divided by.
    private static let positiveStepSize: Int32 = 2
    /// Values of a mask, a table or a counter.
    private static let fewValues = 16
    /// The squared error is at most this share of the squared size, times the square of the step.
    private static let errorShare = 0.3

    /// - Returns: `nil` for a state that must be stored exactly: NaN or infinity, numbers that count or choose among few,
    ///   an error above the bound.
    package func encode(
        _ moment: MomentTensor, _ form: MatrixForm, need: Need
    ) -> (state: SingleState, restored: [UInt8])? {
        guard form.count == moment.values.count, moment.isUsable, Self.isContinuous(moment.values) else { return nil }
        let isPositive = moment.isNonNegative
        guard isPositive || need == .direction else { return nil }
        let state =
            isPositive
            ? sizes(moment, form, stepSize: need == .size ? residualStepSize : Self.positiveStepSize)
            : directions(moment, form)
        guard let state, let restored = try? state.bytes(form, moment.format) else { return nil }
        if !isPositive {
            let error = ResidualCodec.error(moment.bytes, restored, format: moment.format).squared
            let size = ResidualCodec.energy(moment.bytes, format: moment.format)
            guard error <= Self.errorShare * stepSize * stepSize * size else { return nil }
        }
        return (state, restored)
    }

    /// Whether values are numbers in between, rather than counts or a choice among few.
    private static func isContinuous(_ values: [Float]) -> Bool {
        guard values.contains(where: { $0 != $0.rounded(.towardZero) }) else { return false }
        var seen: [UInt32] = []
        for value in values where !seen.contains(value.bitPattern) {
            guard seen.count < fewValues else { return true }
            seen.append(value.bitPattern)
        }
        return false
    }

    private func sizes(_ moment: MomentTensor, _ form: MatrixForm, stepSize: Int32) -> SingleState? {
        let fitted = Self.fit(moment.values, form)
        guard let fitted else { return nil }
        // A vector's elements have exponents of their own.
        guard stepSize > 0, !form.isVector else { return SingleState(kind: .sizes, exponents: fitted) }
        var state = SingleState(kind: .finerSizes, exponents: fitted, residualStepSize: stepSize)
        state.levels = moment.values.withUnsafeBufferPointer { fitted.residual($0, stepSize: stepSize) }
        return state
    }

    private func directions(_ moment: MomentTensor, _ form: MatrixForm) -> SingleState? {
        var exponents: RankOneExponents?
        if !form.isVector {
            guard let fitted = Self.meanSquares(moment.values, form) else { return nil }
            exponents = fitted
        }
        let sizes = MomentUnits(exponents, form).divided(moment.values)
        let energy = sizes.reduce(0.0) { $0 + $1 * $1 }
        let size = (energy / Double(max(1, sizes.count))).squareRoot()
        guard size.isFinite, size > 0,
            let grid = QuantizerGrid(delta: size * stepSize * (form.isVector ? Self.vectorShare : 1))
        else { return nil }
        let quantizer = TileQuantizer(
            zone: DeadZone(theta: 0.2, largest: DeadZone.largestOfKeyframes), scale: 1 / grid.delta)
        var state = SingleState(kind: exponents == nil ? .plain : .scaled, exponents: exponents)
        state.levels = quantizer.levels(sizes)
        guard !quantizer.overflows(state.levels) else { return nil }
        var centroids = CentroidSums()
        centroids.add(sizes, scale: 1 / grid.delta, levels: state.levels[...])
        (state.grid.unit, state.grid.stepSize, state.grid.centroids) = (grid.unit, grid.stepSize, centroids.centroids)
        return state
    }

    /// The exponents of the mean squares. Values are brought near 1 first, because their squares may be beyond Float.
    private static func meanSquares(_ values: [Float], _ form: MatrixForm) -> RankOneExponents? {
        let largest = values.reduce(Float(0)) { max($0, $1.magnitude) }
        guard largest > 0 else { return nil }
        let octave = Int(largest.exponent)
        let scale = Float(PowerTable.two(-octave / 2)), rest = Float(PowerTable.two(-octave + octave / 2))
        let squares = values.map { value in
            let near = value * scale * rest
            return near * near
        }
        guard var fitted = fit(squares, form) else { return nil }
        // Quarter octaves of the square.
        let shift = Int32(8 * octave)
        for index in fitted.rows.indices where fitted.rows[index] != RankOneExponents.absent {
            fitted.rows[index] += shift
            guard RankOneExponents.range.contains(fitted.rows[index]) else { return nil }
        }
        return fitted
    }

    private static func fit(_ values: [Float], _ form: MatrixForm) -> RankOneExponents? {
        values.withUnsafeBufferPointer {
            RankOneExponents.fit($0, rows: form.rows, columns: form.columns, first: nil, previous: nil)
        }
    }
}
