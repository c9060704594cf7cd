import VarveTestSupport

@testable import TensorCodecs

/// Tensors such as a training leaves behind, over three steps.
struct LosslessSamples {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// A weight with both moments, each with predecessors.
    mutating func parameter(_ shape: [Int], _ format: FloatFormat) -> [LosslessTensor] {
        let form = MatrixForm(shape)
        let rows = (0..<form.rows).map { _ in 0.5 + random.uniform() * 4 }
        let columns = (0..<form.columns).map { _ in 0.5 + random.uniform() * 4 }
        var weights = [[Float]](repeating: [], count: 3), seconds = weights
        var firsts: [Float] = []
        for i in 0..<form.rows {
            for j in 0..<form.columns {
                let scale = rows[i] * columns[j]
                var weight = random.normal() * 0.02
                var second = scale * scale * 1e-8 * (0.3 + random.uniform())
                for step in 0..<3 {
                    weights[step].append(Float(weight))
                    seconds[step].append(Float(second))
                    weight = weight * 0.999 + random.normal() * 1e-4 * scale
                    second = second * 0.9 + 0.1 * scale * scale * 1e-8 * (0.3 + random.uniform())
                }
                firsts.append(Float(random.normal() * scale * 1e-4))
            }
        }
        func tensor(_ kind: LosslessTensor.Kind, _ values: [[Float]], companion: Int? = nil) -> LosslessTensor {
            LosslessTensor(
                kind: kind, format: .float(format), shape: shape, bytes: format.bytes(values[0]),
                previous: values.count > 1 ? format.bytes(values[1]) : nil,
                earlier: values.count > 2 ? format.bytes(values[2]) : nil, companion: companion)
        }
        return [
            tensor(.weight, [weights[2], weights[1], weights[0]]),
            tensor(.secondMoment, [seconds[2], seconds[1]]),
            tensor(.firstMoment, [firsts], companion: 1),
        ]
    }

    /// Any bytes at all, with a predecessor that has some of them.
    mutating func noise(_ count: Int, _ format: ElementFormat, kind: LosslessTensor.Kind) -> LosslessTensor {
        let bytes = random.bytes(count * format.size)
        let previous = bytes.map { random.next() % 3 == 0 ? UInt8(truncatingIfNeeded: random.next()) : $0 }
        return LosslessTensor(kind: kind, format: format, shape: [count], bytes: bytes, previous: previous)
    }

    /// Every special value of a format among ordinary ones: both zeros, denormals, infinities, NaNs with payloads.
    mutating func specials(_ format: FloatFormat, count: Int, kind: LosslessTensor.Kind) -> LosslessTensor {
        let ordinary = format.bytes((0..<count).map { _ in Float(random.normal() * 0.01) })
        let old = format.bytes((0..<count).map { _ in Float(random.normal() * 0.01) })
        let size = format.elementSize
        let exponent: UInt64, mantissa: Int
        switch format {
        case .f32: (exponent, mantissa) = (0xff, 23)
        case .bf16: (exponent, mantissa) = (0xff, 7)
        case .f16: (exponent, mantissa) = (0x1f, 10)
        case .f64: (exponent, mantissa) = (0x7ff, 52)
        }
        var bytes = ordinary, previous = old
        for i in 0..<count where random.next() % 4 == 0 {
            let sign = (random.next() & 1) << UInt64(size * 8 - 1)
            let payload = random.next() & ((1 << UInt64(mantissa)) - 1)
            let choices: [UInt64] = [
                0, 1, payload, exponent << UInt64(mantissa), exponent << UInt64(mantissa) | payload | 1,
                (exponent - 1) << UInt64(mantissa) | payload, 1 << UInt64(mantissa),
            ]
            let value = choices[Int(random.next() % UInt64(choices.count))] | sign
            withUnsafeBytes(of: value.littleEndian) { raw in
                if random.next() % 3 > 0 { bytes.replaceSubrange(i * size..<(i + 1) * size, with: raw[..<size]) }
                if random.next() % 3 > 0 { previous.replaceSubrange(i * size..<(i + 1) * size, with: raw[..<size]) }
            }
        }
        return LosslessTensor(
            kind: kind, format: .float(format), shape: [count], bytes: bytes, previous: previous, earlier: old)
    }

    /// A tensor of which only some elements moved.
    mutating func sparse(_ shape: [Int], _ format: FloatFormat, share: Double) -> LosslessTensor {
        let count = shape.reduce(1, *)
        let old = (0..<count).map { _ in Float(random.normal() * 0.02) }
        let new = old.map { random.uniform() < share ? $0 + Float(random.normal() * 1e-3) : $0 }
        return LosslessTensor(
            kind: .weight, format: .float(format), shape: shape, bytes: format.bytes(new),
            previous: format.bytes(old))
    }
}
