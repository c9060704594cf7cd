/// What decoding a chain of method `transform` takes, without a clock: in units of one level decoded and added.
///
/// Constants were fitted to processor time (`Docs/method.md`, section 7). Where products are slower, wide
/// matrices cost more than it says; the same keyframes follow on every one.
package enum TransformWork {
    /// Multiplications and additions of an exact product that take as long as one level.
    static let productsPerLevel = 200.0
    /// The same where directions are made orthogonal, which no library does.
    static let reflectionsPerLevel = 18.0
    /// The same of eigenvectors: the third power of the side.
    static let eigenPerLevel = 4.0
    /// To go over an element of a matrix once more for each side that is transformed: what is exact has to be kept in bounds.
    static let passing = 1.25
    /// Where a group ends, and where a weight is restored: to add an element's change to the base.
    static let adding = 0.3
    /// To decode an element of a keyframe.
    package static let keyframe = 2.0

    /// To restore a weight from its state.
    package static func restoring(_ form: MatrixForm, _ rule: BasisRule) -> Double {
        adding * Double(form.count) + tiles(form) { sides(of: $0, rule).reduce(0) { $0 + $1.applying } }
    }

    /// To find a matrix's bases anew from what is decoded.
    /// - Parameter isFirst: whether nothing was learned before.
    package static func learning(_ form: MatrixForm, _ rule: BasisRule, isFirst: Bool) -> Double {
        let rounds = Double(isFirst ? rule.firstRounds : rule.laterRounds)
        return tiles(form) { tile in
            let sides = sides(of: tile, rule)
            return sides.reduce(0) { sum, side in
                guard rule.isJoint, sides.allSatisfy(\.isTracked) else { return sum + side.learning(rounds) }
                // The longer side learns from what the other one's directions see.
                let other = sides.first { $0.isLeft != side.isLeft } ?? side
                let isShorter = side.size < other.size || (side.size == other.size && side.isLeft)
                return sum + (isShorter ? side : side.seeing(other.directions)).learning(rounds)
            }
        }
    }

    private static func tiles(_ form: MatrixForm, _ work: (MatrixForm.Tile) -> Double) -> Double {
        guard !form.isVector else { return 0 }
        return form.tiles.reduce(0) { $0 + work($1) }
    }

    private static func sides(of tile: MatrixForm.Tile, _ rule: BasisRule) -> [TileSide] {
        let (rows, columns) = (tile.rows.count, tile.columns.count)
        return [
            TileSide(size: rows, other: columns, kind: rule.kind(forSide: rows), isLeft: true),
            TileSide(size: columns, other: rows, kind: rule.kind(forSide: columns), isLeft: false),
        ]
    }

    /// One side of a tile, with the side across.
    private struct TileSide {
        var size: Int
        var other: Int
        var kind: SideBasis.Kind
        var isLeft: Bool

        var isTracked: Bool { if case .tracked = kind { true } else { false } }

        var directions: Int {
            switch kind {
            case .identity: 0
            case .full: size
            case .tracked(let directions): directions
            }
        }

        func seeing(_ directions: Int) -> TileSide {
            var side = self
            side.other = directions
            return side
        }

        private func products(_ counts: Int...) -> Double {
            counts.reduce(1) { $0 * Double($1) } / TransformWork.productsPerLevel
        }

        private var passes: Double { TransformWork.passing * Double(size) * Double(other) }

        /// To make directions orthogonal.
        private func reflections(_ directions: Int) -> Double {
            2 * Double(size) * Double(directions) * Double(directions) / TransformWork.reflectionsPerLevel
        }

        private func eigenvectors(_ size: Int) -> Double {
            let size = Double(size)
            return size * size * size / TransformWork.eigenPerLevel
        }

        var applying: Double {
            switch kind {
            case .identity: 0
            case .full: passes + products(size, size, other)
            // A block reflector: into the directions, within them, and back.
            case .tracked(let count): passes + products(2, size, other, count) + products(count, count, other)
            }
        }

        func learning(_ rounds: Double) -> Double {
            switch kind {
            case .identity: 0
            case .full: products(size, size, other) + eigenvectors(size)
            case .tracked(let count):
                // The image of the directions in each round; then what is seen from them, and turned into eigenvectors.
                rounds * products(2, size, other, count) + (rounds + 1) * reflections(count)
                    + products(size, other, count) + products(count, count, other + size) + eigenvectors(count)
            }
        }
    }
}

extension TransformSettings {
    /// What a delta takes beside its levels, after `age` others: bases that are found anew, and what they learn from.
    package func groupWork(age: Int, form: MatrixForm) -> Double {
        let named = rule(for: form), rule = named ?? .original
        guard beginsGroup(age: age, form: form) else {
            // Groups end between, too: where other elements stand still, or a change no longer fits the grid. Those of wide
            // matrices last longest, and nothing but the step's records tells whether they did.
            return named == nil ? 0 : TransformWork.restoring(form, rule)
        }
        guard age > 0 else { return rule.opens ? TransformWork.learning(form, rule, isFirst: true) : 0 }
        return TransformWork.restoring(form, rule)
            + TransformWork.learning(form, rule, isFirst: age == 1 && !rule.opens)
    }

    /// What restoring a weight from its state takes.
    package func restoringWork(form: MatrixForm) -> Double {
        TransformWork.restoring(form, rule(for: form) ?? .original)
    }
}
