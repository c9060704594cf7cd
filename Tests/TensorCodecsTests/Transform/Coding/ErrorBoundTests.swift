import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Errors in proportion to what changed, whatever the tensor is like.
@Suite struct ErrorBoundTests {
    /// A weight over some steps, quantized step by step.
    private struct Course {
        var form: MatrixForm
        var format: FloatFormat
        var settings: TransformSettings
        var member: EncodedParameter?
        var original: [UInt8] = []

        /// Takes a step; `nil` if the weight has to be stored exactly.
        mutating func take(_ values: [Float], expected: Double) throws -> EncodedParameter? {
            var input = ParameterInput(form: form, format: format, weight: format.bytes(values))
            input.previous = member?.weight ?? (original.isEmpty ? nil : original)
            input.state = member?.state
            input.expectedChange = expected
            original = input.weight
            member = try TransformEncoder(settings: settings).encode(input)
            return member
        }
    }

    static let scales: [Float] = [1e-30, 1e-6, 0.02, 1, 1e30]
    static let formats: [FloatFormat] = [.f32, .bf16, .f64]

    private static func rootMeanSquare(_ values: [Float]) -> Double {
        (values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
    }

    /// Values of one of several kinds: even, heavy-tailed, with one large element, mostly zero.
    private static func values(_ kind: Int, _ count: Int, _ scale: Float, seed: UInt64) -> [Float] {
        var values = SeededTensors.floats(count, seed: seed)
        switch kind {
        case 1: values = values.map { $0 * $0 * $0 }
        case 2: values[count / 3] = 300
        case 3: for index in values.indices where index % 4 != 0 { values[index] = 0 }
        default: break
        }
        return values.map { $0 * scale }
    }

    /// The squared error stays within the squared change, as far as 32 buckets of a sketch tell its size, when changes become
    /// larger and smaller by turns; what cannot be kept so is exact.
    @Test(arguments: scales, 0..<4)
    func theErrorIsWithinTheChangeOrTheWeightIsExact(scale: Float, kind: Int) throws {
        for format in Self.formats {
            let count = 64 * 48
            var settings = TransformSettings(stepSize: 1.8)
            settings.errorBound = 1
            var course = Course(form: MatrixForm([64, 48]), format: format, settings: settings)
            var values = Self.values(kind, count, scale, seed: 1)
            let size = Self.rootMeanSquare(values.sorted { abs($0) < abs($1) }.dropLast(8))
            for (step, share) in ([0, 1e-2, 1e-3, 1e-5, 1e-5, 2e-3, 1e-4] as [Float]).enumerated() {
                let before = format.floats(format.bytes(values))
                let move = SeededTensors.floats(count, seed: UInt64(step + 10))
                for index in values.indices where values[index] != 0 {
                    values[index] += move[index] * Float(size) * share
                }
                let expected = 1e-3 * size
                guard let member = try course.take(values, expected: expected), step > 0 else { continue }
                let original = format.bytes(values)
                let change = ResidualCodec.error(original, format.bytes(before), format: format).squared
                let error = ResidualCodec.error(original, member.weight, format: format).squared
                #expect(error <= 2 * change, "\(format) step \(step): \(error / change)")
            }
        }
    }

    /// One large element, or some, leave the error of the others as it is without them.
    @Test(arguments: [10, 300, 1e5, 1e7] as [Float])
    func aLargeElementDoesNotCoarsenTheOthers(size: Float) throws {
        let count = 64 * 64
        func othersError(_ values: [Float]) throws -> Double {
            var course = Course(form: MatrixForm([64, 64]), format: .f32, settings: TransformSettings(stepSize: 1.8))
            let member = try #require(try course.take(values, expected: 1))
            let restored = FloatFormat.f32.floats(member.weight)
            return (0..<count).filter { $0 != 77 }.reduce(0.0) {
                let difference = Double(restored[$1]) - Double(values[$1])
                return $0 + difference * difference
            }
        }
        var values = SeededTensors.floats(count, seed: 5)
        let plain = try othersError(values)
        values[77] = size
        #expect(try othersError(values) < 1.1 * plain)
    }

    @Test func valuesOverManyOrdersOfMagnitudeAreExact() throws {
        var course = Course(form: MatrixForm([64, 64]), format: .f32, settings: TransformSettings(stepSize: 1.8))
        let values = (0..<4096).map { Float(sign: .plus, exponent: -($0 % 60), significand: 1) }
        #expect(try course.take(values, expected: 1) == nil)
    }

    /// A weight that has become another one is begun anew, and no coarser than a keyframe.
    @Test func aJumpBeginsAnew() throws {
        var course = Course(form: MatrixForm([48, 48]), format: .f32, settings: TransformSettings(stepSize: 1.8))
        let first = SeededTensors.floats(48 * 48, seed: 1), second = SeededTensors.floats(48 * 48, seed: 2)
        let keyframe = try #require(try course.take(first, expected: 1))
        let jumped = try #require(try course.take(second, expected: 1))
        #expect(jumped.header.kind == .keyframe)
        func error(_ member: EncodedParameter, _ values: [Float]) -> Double {
            ResidualCodec.error(FloatFormat.f32.bytes(values), member.weight, format: .f32).squared
        }
        #expect(error(jumped, second) < 1.5 * error(keyframe, first))
        let moved = second.map { $0 * 1.001 }
        #expect(try #require(try course.take(moved, expected: 1)).header.kind != .keyframe)
    }

    /// A keyframe is as fine as the changes to come ask for, and without a word of them there is none.
    @Test func aKeyframeFollowsTheChangesToCome() throws {
        let values = SeededTensors.floats(64 * 64, seed: 3), bytes = FloatFormat.f32.bytes(values)
        for expected in [1e-2, 1e-4, 1e-6] {
            var course = Course(form: MatrixForm([64, 64]), format: .f32, settings: TransformSettings(stepSize: 1.8))
            let member = try #require(try course.take(values, expected: expected))
            let error = ResidualCodec.error(bytes, member.weight, format: .f32).squared / Double(values.count)
            #expect(error.squareRoot() < 2 * expected)
        }
        var input = ParameterInput(form: MatrixForm([64, 64]), format: .f32, weight: bytes)
        input.expectedChange = nil
        #expect(try TransformEncoder(settings: TransformSettings(stepSize: 1.8)).encode(input) == nil)
    }

    /// Rows and elements that keep their bits are restored with the bits that they had, and zeros stay zeros.
    @Test(arguments: [FloatFormat.f32, .bf16, .f64])
    func whatDoesNotMoveKeepsItsBits(format: FloatFormat) throws {
        let rows = 40, columns = 48
        var course = Course(
            form: MatrixForm([rows, columns]), format: format, settings: TransformSettings(stepSize: 1.8))
        var values = SeededTensors.floats(rows * columns, seed: 9)
        for index in values.indices where index / columns == 3 || index % 7 == 2 { values[index] = 0 }
        _ = try #require(try course.take(values, expected: 1e-2))
        for step in 1..<6 {
            let move = SeededTensors.floats(values.count, seed: UInt64(100 + step))
            for index in values.indices where values[index] != 0 { values[index] += 0.01 * move[index] }
            let member = try #require(try course.take(values, expected: 1e-2))
            let restored = format.floats(member.weight)
            #expect(values.indices.allSatisfy { values[$0] != 0 || restored[$0] == 0 }, "step \(step)")
            let chain = try TransformPacking.packChain([member])
            #expect(!chain.bytes.isEmpty && member.header.holdsElements)
        }
    }

    /// A product with a mask changes the sign of its zeros from step to step, and pruning makes new ones: zeros of a step are
    /// zeros when it is restored, and what is zero in the state stays so without a group of its own.
    @Test(arguments: [FloatFormat.f32, .bf16, .f64])
    func zerosAreRestoredAsZerosWhateverTheirSign(format: FloatFormat) throws {
        let rows = 40, columns = 48
        var settings = TransformSettings(stepSize: 1.8)
        settings.refreshesRarely = true
        var course = Course(form: MatrixForm([rows, columns]), format: format, settings: settings)
        let noise = { (seed: Int) in SeededTensors.floats(rows * columns, seed: UInt64(seed)) }
        var values = noise(9), kinds: [TransformHeader.Kind] = []
        for step in 0..<9 {
            let move = noise(100 + step)
            for index in values.indices {
                values[index] += 0.01 * move[index]
                // Row 3 and every seventh element are masked, the tail is pruned row by row.
                let isMasked = index / columns == 3 || index % 7 == 2 || index / columns > 38 - step
                if isMasked { values[index] = move[index] < 0 ? -0.0 : 0 }
            }
            let member = try #require(try course.take(values, expected: 1e-2))
            let restored = format.floats(member.weight)
            #expect(values.indices.allSatisfy { values[$0] != 0 || restored[$0] == 0 }, "step \(step)")
            let kept = values.indices.filter { values[$0] != 0 }
            #expect(kept.count { restored[$0] != 0 } > kept.count * 9 / 10)
            kinds.append(member.header.kind)
        }
        #expect(kinds[5...].contains(.delta), "each step begins a group: \(kinds)")
    }

    /// Where other elements stand still than in the step before, the group cannot go on. The bases are kept, because finding them
    /// anew is what a long chain costs.
    @Test func aGroupThatMustEndLeavesItsBases() throws {
        let rows = 40, columns = 48
        var settings = TransformSettings(stepSize: 1.8)
        settings.refreshesRarely = true
        var course = Course(form: MatrixForm([rows, columns]), format: .f32, settings: settings)
        var values = SeededTensors.floats(rows * columns, seed: 9), states: [TransformState?] = [nil]
        for step in 0..<8 {
            // Row `step` stands still: its elements are set to what the step before is restored as.
            let restored = course.member.map { FloatFormat.f32.floats($0.weight) }
            let move = SeededTensors.floats(values.count, seed: UInt64(100 + step))
            for index in values.indices {
                values[index] += 0.01 * move[index]
                if let restored, index / columns == step { values[index] = restored[index] }
            }
            let member = try #require(try course.take(values, expected: 1e-2))
            let form = MatrixForm([rows, columns])
            let chain = try TransformDecoder.unpackChain(
                try TransformPacking.packChain([member]).bytes,
                [TransformDecoder.Member(form: form, format: .f32, state: states[step])])
            #expect(try chain.states[0].weight() == member.weight, "step \(step)")
            #expect(chain.headers[0].keepsBases == member.header.keepsBases)
            // Learning at 0, 1, 3 and 7 deltas.
            if step > 0 {
                #expect(member.header.kind == .firstDelta && member.header.keepsBases == ![1, 2, 4].contains(step))
                #expect(
                    member.weight[step * columns * 4..<(step + 1) * columns * 4].elementsEqual(
                        FloatFormat.f32.bytes(Array(values[step * columns..<(step + 1) * columns]))))
            }
            states.append(chain.states[0])
        }
        #expect(states.count == 9)
    }

    /// The sketch tells the energy of a change without bias, however it is spread.
    @Test func sketchesTellTheEnergyOfAChange() {
        for shape in 0..<3 {
            var ratios: [Double] = []
            for seed in 0..<40 as Range<UInt64> {
                var change = SeededTensors.floats(64 * 64, seed: seed + 1)
                for index in change.indices {
                    if shape == 1, index / 64 % 16 != 0 { change[index] = 0 }
                    if shape == 2, index % 64 != 5 { change[index] = 0 }
                }
                let bytes = FloatFormat.f32.bytes(change)
                let truth = change.reduce(0.0) { $0 + Double($1) * Double($1) }
                ratios.append(ChangeSketch(bytes, .f32).energy / truth)
            }
            let mean = ratios.reduce(0, +) / Double(ratios.count)
            #expect(abs(mean - 1) < 0.15, "shape \(shape): \(mean)")
            #expect(ratios.allSatisfy { $0 > 0.2 && $0 < 2.5 }, "shape \(shape): \(ratios)")
        }
    }

    /// What is kept of a sketch is fine enough for a change of a tenth of the errors.
    @Test func aKeptSketchSubtracts() {
        let error = SeededTensors.floats(4096, seed: 1), change = SeededTensors.floats(4096, seed: 2).map { $0 * 0.1 }
        let kept = StoredSketch(ChangeSketch(FloatFormat.f32.bytes(error), .f32), .delta)
        let sum = ChangeSketch(FloatFormat.f32.bytes(zip(error, change).map { $0 + $1 }), .f32)
        let truth = ChangeSketch(FloatFormat.f32.bytes(change), .f32).energy
        #expect(abs((sum - kept.sketch).energy / truth - 1) < 0.2)
        #expect(kept.hides(ChangeSketch(FloatFormat.f32.bytes(error), .f32) - kept.sketch))
        #expect(!kept.hides(sum - kept.sketch))
    }
}
