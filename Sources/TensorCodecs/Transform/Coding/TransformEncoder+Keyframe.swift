extension TransformEncoder {
    /// The weight on a uniform grid in scaled coordinates; the first moment in units of sqrt(v).
    func keyframe(_ input: ParameterInput, exponents: [RankOneExponents]) throws(CodecError)
        -> EncodedParameter?
    {
        let form = input.form
        var state = TransformState(form: form, format: input.format, exactly: [])
        state.beginKeyframe(exponents)
        var header = TransformHeader(.keyframe)
        header.exponentCount = exponents.count

        let scaled = form.tiles.map { tile in
            ScaledTile(input.weight, less: nil, input.format, form, tile, state.scale, grid: nil).values
        }
        guard let size = RobustSize.rootMeanSquare(scaled), size.isFinite else { return nil }
        header.level = Self.level(size)
        guard let delta = keyframeDelta(input, size: size, scale: state.scale),
            header.setGrid(delta: delta, fallback: input.weight.isEmpty ? 0 : -100)
        else { return nil }
        let quantizer = TileQuantizer(
            zone: DeadZone(theta: 0, largest: DeadZone.largestOfKeyframes), scale: 1 / header.delta)
        var levels: [Int32] = []
        levels.reserveCapacity(form.count)
        for (values, tile) in zip(scaled, form.tiles) {
            levels += quantizer.levels(values)
            header.offsets.append(KeyframeClasses.offset(state.scale, tile))
        }
        let (largest, nonzero) = quantizer.extent(of: levels)
        guard largest < quantizer.zone.largest, Self.keepsMost(scaled, levels, header) else { return nil }

        var moment: (levels: [Int32], directions: [Float])?
        if let first = input.first, settings.keepsKeyframeMoment(of: form) {
            guard let quantized = keyframeMoment(first.values, form, exponents.first, &header) else { return nil }
            moment = quantized
        }
        let classes = KeyframeClasses.classes(state.scale, form, offsets: header.offsets)
        state.takeKeyframe(header, levels: levels, initialDirections: moment?.directions ?? [])
        var member = EncodedParameter(header: header, state: state, weight: state.base)
        member.levels = levels
        member.nonzeroLevels = nonzero
        member.classes = classes
        member.momentLevels = moment?.levels ?? []
        addSketches(input, to: &member, origin: input.weight)
        return member
    }

    /// The quantizer's step: a share of the weights' own size, or, if that is smaller, some changes of the kind that is to
    /// come, because a change far below the keyframe's error would be lost in it.
    /// - Returns: `nil` if nothing tells how large the changes to come will be.
    private func keyframeDelta(_ input: ParameterInput, size: Double, scale: MatrixScale) -> Double? {
        guard let expected = input.expectedChange, expected > 0, expected.isFinite else { return nil }
        let own = size * (input.form.isVector ? settings.keyframeVectorStepSize : settings.keyframeStepSize)
        let usual = min(own, settings.keyframeChanges * expected / scale.rootMeanSquare)
        guard input.archivedError > 0, input.archivedError.isFinite else { return usual }
        // What was restored has an error already, and most of its first moments are zero: the bits that those would take
        // keep the new error small beside the old one.
        let error = input.archivedError * settings.rebasedShare / Double(max(1, input.form.count))
        let wanted = (12 * error).squareRoot() / scale.rootMeanSquare
        return min(usual, max(usual * settings.finestRebased, wanted))
    }

    /// Whether at most half of the elements that are not zero are off by more than a tenth of themselves: a tensor whose
    /// values range over many orders of magnitude is no use on a uniform grid.
    private static func keepsMost(_ scaled: [[Double]], _ levels: [Int32], _ header: TransformHeader) -> Bool {
        let grid = PowerTable.two(Int(header.unit))
        var present = 0, lost = 0, index = 0
        for tile in scaled {
            for value in tile {
                let restored = Double(header.centroids.value(levels[index], stepSize: header.stepSize)) * grid
                present += value == 0 ? 0 : 1
                lost += (restored - value).magnitude > 0.1 * value.magnitude ? 1 : 0
                index += 1
            }
        }
        return 2 * lost <= present
    }

    private func keyframeMoment(
        _ values: [Float], _ form: MatrixForm, _ exponents: RankOneExponents?, _ header: inout TransformHeader
    ) -> (levels: [Int32], directions: [Float])? {
        var moment = TransformHeader.Moment()
        let units = MomentUnits(exponents, form)
        var sizes = units.divided(values)
        let energy = sizes.reduce(0.0) { $0 + $1 * $1 }
        let size = (energy / Double(max(1, values.count))).squareRoot()
        guard size.isFinite, let grid = QuantizerGrid(delta: max(size * settings.keyframeMomentStepSize, 1e-250)) else {
            return nil
        }
        (moment.unit, moment.stepSize) = (grid.unit, grid.stepSize)
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / grid.delta)
        let levels = quantizer.levels(sizes)
        guard !quantizer.overflows(levels) else { return nil }
        var centroids = CentroidSums()
        centroids.add(sizes, scale: 1 / grid.delta, levels: levels[...])
        sizes = []
        moment.centroids = centroids.centroids
        header.moment = moment
        let restored = units.restored(levels, moment)
        guard restored.allSatisfy(\.isFinite) else { return nil }
        return (levels, MomentUnits.directions(levels, moment))
    }
}
