import Testing
import VarveTestSupport

@testable import TensorCodecs

/// States on their own: what they give back, what is refused, and that no bytes do harm.
@Suite struct SingleStateTests {
    static let shapes = [[24, 40], [64], [1, 70], [3, 16, 20], [8, 3, 3, 3]]

    /// Values whose rows and columns have sizes of their own.
    private func values(_ shape: [Int], seed: UInt64 = 1, isPositive: Bool = false) -> [Float] {
        let form = MatrixForm(shape)
        var random = SplitMix64(seed: seed)
        let rows = (0..<form.rows).map { _ in random.uniform() + 0.05 }
        let columns = (0..<form.columns).map { _ in random.uniform() + 0.05 }
        return (0..<form.count).map { index in
            let value = 1e-4 * rows[index / form.columns] * columns[index % form.columns] * random.normal()
            return Float(isPositive ? value * value : value)
        }
    }

    private func encoder(_ stepSize: Double = 0.5, residual: Int32 = 0) -> SingleStateEncoder {
        var settings = TransformSettings(stepSize: 1.56)
        settings.stateStepSize = stepSize
        settings.secondMomentStepSize = residual
        return SingleStateEncoder(settings: settings)
    }

    private func encode(
        _ values: [Float], _ shape: [Int], _ need: SingleStateEncoder.Need, stepSize: Double = 0.5, residual: Int32 = 0,
        format: FloatFormat = .f32
    ) -> (state: SingleState, restored: [UInt8])? {
        encoder(stepSize, residual: residual).encode(
            MomentTensor(bytes: format.bytes(values), format: format), MatrixForm(shape), need: need)
    }

    @Test(arguments: shapes, FloatFormat.allCases) func directionsComeBackAsEncoded(shape: [Int], format: FloatFormat)
        throws
    {
        let original = values(shape).map { format == .f16 ? $0 * 1e3 : $0 }
        let (state, restored) = try #require(encode(original, shape, .direction, format: format))
        let packed = try state.packed()
        let back = try SingleState(packed, MatrixForm(shape))
        #expect(try back.bytes(MatrixForm(shape), format) == restored)
        let bytes = format.bytes(original)
        let error = ResidualCodec.error(bytes, restored, format: format).squared
        #expect(error < 0.06 * ResidualCodec.energy(bytes, format: format))
        #expect(packed.count < original.count)
    }

    @Test(arguments: shapes, [0, 4] as [Int32]) func sizesComeBackAsEncoded(shape: [Int], residual: Int32) throws {
        let original = values(shape, isPositive: true)
        let (state, restored) = try #require(encode(original, shape, .size, residual: residual))
        let back = try SingleState(try state.packed(), MatrixForm(shape))
        #expect(try back.bytes(MatrixForm(shape), .f32) == restored)
        // Divided by in the next step: none is zero that was not.
        for (before, after) in zip(original, FloatFormat.f32.floats(restored)) {
            #expect(after >= 0 && (before == 0 || after > 0))
        }
    }

    @Test func finerStepsHaveSmallerErrors() throws {
        let shape = [32, 48], original = values(shape)
        var last = Double.infinity
        for stepSize in [2, 1, 0.5, 0.25, 0.125] {
            let (_, restored) = try #require(encode(original, shape, .direction, stepSize: stepSize))
            let error = ResidualCodec.error(FloatFormat.f32.bytes(original), restored, format: .f32).squared
            #expect(error < last)
            last = error
        }
        #expect(last < 0.002 * ResidualCodec.energy(FloatFormat.f32.bytes(original), format: .f32))
    }

    @Test func directionsThatHappenToBePositiveAreFine() throws {
        let shape = [16, 24], original = values(shape, isPositive: true)
        let (_, restored) = try #require(encode(original, shape, .direction))
        for (before, after) in zip(original, FloatFormat.f32.floats(restored)) where before > 1e-13 {
            #expect(after > 0.7 * before && after < 1.4 * before)
        }
    }

    @Test func whatIsZeroThroughoutStaysZero() throws {
        let shape = [20, 30]
        for isPositive in [false, true] {
            var original = values(shape, isPositive: isPositive)
            for column in 0..<30 { original[7 * 30 + column] = 0 }
            for row in 0..<20 { original[row * 30 + 4] = 0 }
            let (_, restored) = try #require(encode(original, shape, isPositive ? .size : .direction))
            let values = FloatFormat.f32.floats(restored)
            #expect(
                (0..<30).allSatisfy { values[7 * 30 + $0] == 0 } && (0..<20).allSatisfy { values[$0 * 30 + 4] == 0 })
        }
    }

    @Test(arguments: [1e-38, 1e-25, 1, 1e4] as [Float]) func anySizeIsQuantizedAlike(scale: Float) throws {
        let shape = [24, 32], original = values(shape).map { $0 * 1e4 * scale }
        let bytes = FloatFormat.f32.bytes(original)
        // Of denormals little is left to be quantized; they may stay exact.
        guard let (_, restored) = encode(original, shape, .direction) else {
            #expect(scale < 1e-30)
            return
        }
        #expect(
            ResidualCodec.error(bytes, restored, format: .f32).squared
                < 0.06 * ResidualCodec.energy(bytes, format: .f32) + 1e-70)
    }

    @Test func whatMustBeExactIsRefused() {
        let shape = [16, 16]
        var broken = values(shape)
        broken[3] = .nan
        #expect(encode(broken, shape, .direction) == nil)
        broken[3] = .infinity
        #expect(encode(broken, shape, .direction) == nil)
        broken[3] = 2e38
        #expect(encode(broken, shape, .direction) == nil)
        #expect(encode([Float](repeating: 0, count: 256), shape, .direction) == nil)
        #expect(encode([Float](repeating: 0.5, count: 256), shape, .size) == nil)
        #expect(encode((0..<256).map { Float($0) }, shape, .direction) == nil)
        #expect(encode((0..<256).map { Float($0 % 16) + 0.5 }, shape, .size) == nil)
        // A size that is negative somewhere is none.
        #expect(encode(values(shape), shape, .size) == nil)
    }

    @Test func aTensorWithoutRowsAndColumnsStaysWithinTheBound() throws {
        let shape = [32, 32]
        var original = [Float](repeating: 0, count: 1024)
        var random = SplitMix64(seed: 5)
        for index in 0..<32 { original[index * 32 + index] = Float(random.normal()) }
        guard let (_, restored) = encode(original, shape, .direction) else { return }
        let bytes = FloatFormat.f32.bytes(original)
        #expect(
            ResidualCodec.error(bytes, restored, format: .f32).squared
                <= 0.3 * 0.25 * ResidualCodec.energy(bytes, format: .f32))
    }

    // MARK: Hostile bytes

    private func samples() throws -> [(packed: [UInt8], form: MatrixForm)] {
        let cases: [(shape: [Int], need: SingleStateEncoder.Need, residual: Int32)] = [
            ([12, 20], .direction, 0), ([40], .direction, 0), ([12, 20], .size, 0), ([12, 20], .size, 4),
        ]
        return try cases.map { shape, need, residual in
            let encoded = encode(values(shape, isPositive: need == .size), shape, need, residual: residual)
            return (try #require(encoded).state.packed(), MatrixForm(shape))
        }
    }

    private func outcome(_ bytes: [UInt8], _ form: MatrixForm) -> [UInt8]? {
        do throws(CodecError) {
            return try SingleState(bytes, form).bytes(form, .f32)
        } catch {
            #expect(error.kind == .corrupt)
            return nil
        }
    }

    @Test func noMutationTraps() throws {
        for (packed, form) in try samples() {
            for index in packed.indices {
                for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
                    var mutation = packed
                    mutation[index] ^= flip
                    if let bytes = outcome(mutation, form) { #expect(bytes.count == 4 * form.count) }
                }
            }
        }
    }

    @Test func everyTruncationAndEveryAdditionIsNoticed() throws {
        for (packed, form) in try samples() {
            for count in packed.indices { #expect(outcome(Array(packed[..<count]), form) == nil) }
            #expect(outcome(packed + [0], form) == nil)
        }
    }

    @Test func noBytesTrap() {
        var random = SplitMix64(seed: 9)
        let form = MatrixForm([6, 7])
        for count in 0..<400 {
            var bytes = random.bytes(count % 60)
            if !bytes.isEmpty { bytes[0] &= 3 }
            _ = outcome(bytes, form)
        }
    }
}
