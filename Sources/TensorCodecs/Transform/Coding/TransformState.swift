/// A parameter's state in its chain: what a decoder of the next step must know, rebuilt by replaying the steps.
///
/// Restored weights are base + scale * 2^unit * (left basis) coefficients (right basis)', rounded to the format.
package struct TransformState: Sendable {
    package let form: MatrixForm
    package let format: FloatFormat
    /// Of the second moment, and of amsgrad's maximum.
    package internal(set) var exponents: [RankOneExponents] = []
    /// See `TransformHeader.level`.
    package internal(set) var level: Int32 = 0
    /// Delta steps since the keyframe.
    package internal(set) var age = 0
    /// Restored bytes of the weight where the group began.
    package internal(set) var base: [UInt8]
    var unit: Int32 = 0
    var scale: MatrixScale
    /// Of the bases, as the chain's first group says.
    package internal(set) var rule = BasisRule.original
    var tiles: [TransformTile]
    /// The keyframe's restored first moment over the root of its second, until the bases are opened with it; empty if
    /// there is none.
    package internal(set) var initialDirections: [Float] = []
    /// Elements that this step left as they are in `base`.
    package internal(set) var held = HeldElements()
    /// What the restored weight lacks of the original; `nil` where that is not known.
    package internal(set) var missing: StoredSketch?
    /// Of the original that the chain began with.
    package internal(set) var origin: [Float] = []

    /// A chain that begins with exactly stored bytes.
    /// - Parameter initialDirections: the first moment stored with them, over the root of the second; empty if there is
    ///   none.
    package init(form: MatrixForm, format: FloatFormat, exactly bytes: [UInt8], initialDirections: [Float] = []) {
        self.form = form
        self.format = format
        self.base = bytes
        self.initialDirections = initialDirections
        scale = MatrixScale(plain: form)
        tiles = form.tiles.map { TransformTile($0, isVector: form.isVector) }
    }

    init(
        form: MatrixForm, format: FloatFormat, exponents: [RankOneExponents], level: Int32, age: Int, base: [UInt8],
        unit: Int32, scale: MatrixScale, rule: BasisRule, tiles: [TransformTile], initialDirections: [Float]
    ) {
        self.form = form
        self.format = format
        self.exponents = exponents
        self.level = level
        self.age = age
        self.base = base
        self.unit = unit
        self.scale = scale
        self.rule = rule
        self.tiles = tiles
        self.initialDirections = initialDirections
    }

    /// Restored bytes of the weight.
    package func weight() throws(CodecError) -> [UInt8] {
        var bytes = base
        for tile in tiles {
            if let change = try tile.restored() { add(change.matrix, tile.region, to: &bytes) }
        }
        held.restore(&bytes, from: base, format)
        return bytes
    }

    /// Root mean square of the change that the next step is likely to bring: that of the steps so far, smoothed; `nil` behind a
    /// keyframe.
    package var expectedChange: Double? { age > 0 ? PowerTable.sixtyFourth(Int(level)) : nil }

    /// Whether `weight` is `base`: nothing was added since the group began.
    package var isAtBase: Bool { tiles.allSatisfy { $0.coefficients.isEmpty } }

    /// What `weight` gives, where it is had for nothing.
    package var weightAtBase: [UInt8]? { isAtBase ? base : nil }

    /// Begins at the restored weight, if nothing else is lost thereby: what is kept of the chain is then the weight alone.
    ///
    /// For a chain whose next delta begins a group, at which bases would otherwise learn from the coefficients.
    /// - Parameter weight: what `weight()` gives.
    package mutating func rebase(to weight: [UInt8]) {
        guard !isAtBase, tiles.allSatisfy({ $0.left.kind == .identity && $0.right.kind == .identity }) else { return }
        base = weight
        held = HeldElements()
        for index in tiles.indices { tiles[index].coefficients = [] }
    }

    /// Adds a tile's change, in scaled grid units, to the base's values.
    private func add(_ change: IntegerMatrix, _ region: MatrixForm.Tile, to bytes: inout [UInt8]) {
        let rows = MatrixScale.factors(scale.rows[region.rows]),
            columns = MatrixScale.factors(scale.columns[region.columns])
        let grid = PowerTable.two(Int(unit))
        let width = columns.count
        var line = [Double](repeating: 0, count: width)
        line.withUnsafeMutableBufferPointer { line in
            change.values.withUnsafeBufferPointer { change in
                columns.withUnsafeBufferPointer { columns in
                    for (i, row) in region.rows.enumerated() {
                        let start = row * form.columns + region.columns.lowerBound
                        base.withUnsafeBytes { format.load($0, from: start, into: line) }
                        let factor = rows[i] * grid, source = i * width
                        for j in 0..<width { line[j] += factor * columns[j] * change[source &+ j] }
                        bytes.withUnsafeMutableBytes { format.store(UnsafeBufferPointer(line), to: $0, at: start) }
                    }
                }
            }
        }
    }

    /// Everything of a step that comes before its levels: exponents, and for `firstDelta` bases, scales and grid.
    ///
    /// - Parameter exponents: this step's.
    package mutating func begin(_ header: TransformHeader, exponents: [RankOneExponents]) throws(CodecError) {
        self.exponents = exponents
        level = header.level
        if let rule = header.rule { try follow(rule) }
        if header.kind == .firstDelta { try regroup(header) }
        if header.kind != .hold {
            age += 1
            held = HeldElements()
        }
        takeSketches(header)
    }

    mutating func takeSketches(_ header: TransformHeader) {
        missing = header.missing
        if let origin = header.origin { self.origin = origin }
    }

    /// - Throws: `.corrupt` where the bases have begun by another rule.
    private mutating func follow(_ rule: BasisRule) throws(CodecError) {
        guard age == 0, !form.isVector else { throw .corrupt("a rule for bases that were opened before") }
        self.rule = rule
        if !rule.opens { initialDirections = [] }
        tiles = form.tiles.map { TransformTile($0, isVector: false, rule: rule) }
    }

    private mutating func regroup(_ header: TransformHeader) throws(CodecError) {
        var bytes = base
        for index in tiles.indices {
            guard let change = try tiles[index].restored() else { continue }
            add(change.matrix, tiles[index].region, to: &bytes)
            if !header.keepsBases { try tiles[index].learn(change, exponent: Int(unit), rule) }
            tiles[index].coefficients = []
        }
        held.restore(&bytes, from: base, format)
        held = HeldElements()
        base = bytes
        if form.isVector {
            scale = MatrixScale(plain: form)
        } else {
            scale = exponents.first.map { MatrixScale($0) } ?? MatrixScale(plain: form)
        }
        unit = header.unit
        if !initialDirections.isEmpty {
            let directions = initialDirections
            initialDirections = []
            for index in tiles.indices { try open(&tiles[index], directions) }
        }
    }

    /// Opens a tile's bases with the first moment over the root of the second, the optimizer's own step: its directions stand for
    /// those of the change to come. Its size means nothing, so it is set to the level's.
    private func open(_ tile: inout TransformTile, _ initialDirections: [Float]) throws(CodecError) {
        let region = tile.region
        let rows = MatrixScale.divisors(scale.rows[region.rows]),
            columns = MatrixScale.divisors(scale.columns[region.columns])
        var values: [Double] = []
        values.reserveCapacity(region.count)
        var largest = 0.0, energy = 0.0
        for (i, row) in region.rows.enumerated() {
            let start = row * form.columns + region.columns.lowerBound
            for j in 0..<columns.count {
                let value = Double(initialDirections[start + j]) * rows[i] * columns[j]
                values.append(value)
                largest = max(largest, value.magnitude)
                energy += value * value
            }
        }
        guard largest > 0, largest.isFinite, energy > 0, energy.isFinite else { return }
        let shift = 20 - PowerTable.exponent(largest)
        guard (-900...900).contains(shift) else { return }
        let factor = PowerTable.two(shift)
        for index in values.indices { values[index] = DeterministicLoops.roundedAway(values[index] * factor) }
        // Root mean square of the integers and of the change expected, both in octaves.
        let size = PowerTable.log2(energy / Double(region.count), parts: 2) + 2 * shift * 2
        let exponent = (Int(level) - 16 * size) / 64
        try tile.learn(
            BoundedMatrix(IntegerMatrix(rows: region.rows.count, columns: region.columns.count, values: values)),
            exponent: exponent, rule)
    }

    /// Adds a step's levels, tile after tile.
    package mutating func add(_ levels: [Int32], of header: TransformHeader) throws(CodecError) {
        var start = 0
        for index in tiles.indices {
            let end = start + tiles[index].region.count
            try tiles[index].add(levels[start..<end], header.centroids, stepSize: header.stepSize)
            start = end
        }
    }

    /// Symbols that say how the energies of a step differ from what the bases predict.
    package var energySymbolCount: Int { tiles.reduce(0) { $0 + TileEnergies.symbolCount($1) } }

    /// The class of every level of a step, tile after tile.
    /// - Parameter symbols: `energySymbolCount` of them.
    func classes(_ header: TransformHeader, energies symbols: [Int32]) throws(CodecError) -> [UInt8] {
        var classes: [UInt8] = []
        classes.reserveCapacity(form.count)
        var start = 0
        for (index, tile) in tiles.enumerated() {
            let end = start + TileEnergies.symbolCount(tile)
            classes += try TileEnergies.classes(tile, header.energies[index], symbols: symbols[start..<end])
            start = end
        }
        return classes
    }
}

extension TransformState {
    /// What a group costs beside its levels, for measuring: finding the bases anew from what the last group decoded, and
    /// one inverse transform.
    package func stageTimes(_ clock: () -> Double) throws(CodecError) -> (basis: Double, inverse: Double) {
        var result = (basis: 0.0, inverse: 0.0)
        for tile in tiles {
            var tile = tile
            let start = clock()
            guard let change = try tile.restored() else { continue }
            let middle = clock()
            try tile.learn(change, exponent: Int(unit), rule)
            result.basis += clock() - middle
            result.inverse += middle - start
        }
        return result
    }
}
