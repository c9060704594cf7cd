import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct LosslessGroupTests {
    /// Encodes, decodes with no more predecessors than the depths say, and compares bit for bit.
    @discardableResult
    private func roundTrip(_ tensors: [LosslessTensor], _ comment: Comment? = nil) throws -> LosslessGroup.Packed {
        let packed = try LosslessGroup.encode(tensors)
        #expect(packed.shares.count == tensors.count)
        #expect(packed.shares.reduce(0, +) == packed.bytes.count)
        let restored = try LosslessGroup.decode(packed.bytes[...], Self.members(tensors, packed))
        for (tensor, bytes) in zip(tensors, restored) { #expect(tensor.bytes == bytes, comment) }
        let original = tensors.reduce(0) { $0 + $1.bytes.count }
        #expect(packed.bytes.count <= original + 24 * tensors.count + 8, comment)
        return packed
    }

    static func members(_ tensors: [LosslessTensor], _ packed: LosslessGroup.Packed) -> [LosslessGroup.Member] {
        zip(tensors, packed.depths).map { tensor, depth in
            LosslessGroup.Member(
                format: tensor.format, shape: tensor.shape, previous: depth > 0 ? tensor.previous : nil,
                earlier: depth > 1 ? tensor.earlier : nil)
        }
    }

    @Test(arguments: FloatFormat.allCases) func parametersOfAnyShapeRoundTrip(format: FloatFormat) throws {
        var samples = LosslessSamples(seed: 1)
        var all: [LosslessTensor] = []
        for shape in [
            [], [1], [7], [0], [0, 4], [3, 0], [40, 30], [2, 16, 20], [8, 3, 3, 3], [1, 900], [900, 1], [64, 64],
        ] {
            var parameter = samples.parameter(shape, format)
            try roundTrip(parameter, "\(shape)")
            for i in parameter.indices { parameter[i].companion = parameter[i].companion.map { $0 + all.count } }
            all += parameter
        }
        try roundTrip(all)
    }

    @Test func parametersGetSmaller() throws {
        var samples = LosslessSamples(seed: 2)
        let parameter = samples.parameter([160, 160], .f32)
        let packed = try roundTrip(parameter)
        let ratios = zip(parameter, packed.shares).map { Double($0.bytes.count) / Double($1) }
        #expect(ratios[0] > 1.4 && ratios[1] > 1.15 && ratios[2] > 1.15, "\(ratios)")
        #expect(packed.depths[0] >= 1 && packed.depths[1] == 1 && packed.depths[2] == 0)
    }

    /// More elements than a chunk, so that tensors go on in the next.
    @Test func tensorsLargerThanAChunkRoundTrip() throws {
        var samples = LosslessSamples(seed: 3)
        let first = samples.parameter([500, 300], .f32), second = samples.parameter([290, 1001], .bf16)
        var all = first + second
        all[5].companion = 4
        try roundTrip(all)
    }

    /// Single elements far below what predicts them: so many raw bits that they are written and read by themselves.
    @Test func elementsWithManyRawBitsRoundTrip() throws {
        var random = SplitMix64(seed: 8)
        let old = (0..<5000).map { _ in Float(900 + 200 * random.uniform()) }
        let new = old.map { value in
            let isFar = random.next() % 50 == 0
            return isFar ? Float(random.normal() * 1e-3) : value * Float(1 + 1e-6 * random.normal())
        }
        try roundTrip([
            LosslessTensor(
                kind: .weight, format: .float(.f32), shape: [100, 50], bytes: FloatFormat.f32.bytes(new),
                previous: FloatFormat.f32.bytes(old))
        ])
    }

    @Test(arguments: FloatFormat.allCases, [LosslessTensor.Kind.weight, .firstMoment, .secondMoment, .other])
    func specialValuesKeepEveryBit(format: FloatFormat, kind: LosslessTensor.Kind) throws {
        var samples = LosslessSamples(seed: 4)
        for count in [1, 40, 3000] {
            var tensor = samples.specials(format, count: count, kind: kind)
            try roundTrip([tensor])
            let companion = samples.specials(format, count: count, kind: .secondMoment)
            tensor.companion = 0
            try roundTrip([companion, tensor])
            tensor.companion = nil
            tensor.previous = nil
            tensor.earlier = nil
            try roundTrip([tensor])
        }
    }

    @Test func bytesThatAreNoNumbersCostNoMoreThanThemselves() throws {
        var samples = LosslessSamples(seed: 5)
        let formats: [ElementFormat] =
            FloatFormat.allCases.map { .float($0) } + [.smallFloat] + [1, 2, 4, 8].map { .word(bytes: $0) }
        for format in formats {
            for kind in [LosslessTensor.Kind.weight, .secondMoment, .other] {
                for count in [0, 1, 100, 20_000] {
                    var tensor = samples.noise(count, format, kind: kind)
                    try roundTrip([tensor], "\(format) \(kind) \(count)")
                    tensor.previous = nil
                    try roundTrip([tensor])
                }
            }
        }
    }

    @Test(arguments: [FloatFormat.f32, .bf16, .f16], [0.001, 0.05, 0.5])
    func onlyWhatChangedIsPaidFor(format: FloatFormat, share: Double) throws {
        var samples = LosslessSamples(seed: 6)
        let tensor = samples.sparse([150, 200], format, share: share)
        let packed = try roundTrip([tensor])
        // Where an element moved takes some bits, how far its own size at most.
        let bits = share * (Double(format.elementSize) * 8 + 8) + 0.1
        #expect(Double(packed.bytes.count) * 8 < bits * 30_000 + 800)
    }

    @Test func equalTensorsCostNextToNothing() throws {
        var samples = LosslessSamples(seed: 7)
        var tensor = samples.parameter([100, 100], .f32)[0]
        tensor.previous = tensor.bytes
        #expect(try roundTrip([tensor]).bytes.count < 64)
        tensor.bytes = [UInt8](repeating: 0, count: 40_000)
        tensor.previous = nil
        #expect(try roundTrip([tensor]).bytes.count < 64)
    }

    @Test func smallFloatsFollowTheirPredecessors() throws {
        var random = SplitMix64(seed: 8)
        let old = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) & 0xbf }
        let new = old.map { random.next() % 4 == 0 ? $0 ^ 1 : $0 }
        for format in [ElementFormat.smallFloat, .word(bytes: 1)] {
            let packed = try roundTrip([
                LosslessTensor(kind: .weight, format: format, shape: [200, 100], bytes: new, previous: old)
            ])
            // A quarter moves by one place, up or down: 1.06 bits.
            #expect(packed.bytes.count < 3000)
        }
    }

    /// With beta2's decay known, what is left of the predecessor is no news.
    @Test func knowingTheDecayHelpsAndALieDoesNotHurt() throws {
        var samples = LosslessSamples(seed: 9)
        var second = samples.parameter([200, 200], .f32)[1]
        let alone = try roundTrip([second]).bytes.count
        second.decay = 0.9
        let told = try roundTrip([second]).bytes.count
        #expect(told <= alone)
        second.decay = 0.999_999
        #expect(try roundTrip([second]).bytes.count <= alone + alone / 100)
    }

    /// Second moments of other kinds than floats of the same number say nothing about a first moment, and do no harm.
    @Test func anySecondMomentMayStandBesideAFirstOne() throws {
        var samples = LosslessSamples(seed: 10)
        let first = samples.parameter([64, 32], .f32)[2]
        let formats: [(ElementFormat, [Int])] = [
            (.word(bytes: 1), [64, 32]), (.smallFloat, [64, 32]), (.word(bytes: 4), [64, 32]),
            (.float(.f32), [64, 64]), (.float(.f32), [64, 16]), (.float(.f64), [64, 32]), (.float(.f16), [64, 32]),
            (.float(.bf16), [0]),
        ]
        for (format, shape) in formats {
            var second = samples.noise(shape.reduce(1, *), format, kind: .secondMoment)
            second.shape = shape
            for hasPrevious in [true, false] {
                var moment = first
                moment.companion = 0
                moment.previous = hasPrevious ? first.bytes.reversed() : nil
                try roundTrip([second, moment], "\(format) \(shape)")
                moment.kind = .weight
                try roundTrip([second, moment])
            }
        }
    }
}
