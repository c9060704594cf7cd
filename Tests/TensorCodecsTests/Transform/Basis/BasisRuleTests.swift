import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Bases by another rule than the original one: encoder and decoder follow the one that the chain names, and no other.
@Suite struct BasisRuleTests {
    static let joint = BasisRule(directionsByEight: 2, firstRounds: 2, laterRounds: 1, opens: false, isJoint: true)
    static let none = BasisRule(directionsByEight: 0, firstRounds: 1, laterRounds: 1, opens: false)

    // MARK: The rule itself

    @Test func aRuleLimitsTrackedSidesOnly() {
        let few = BasisRule(directionsByEight: 12, firstRounds: 2, laterRounds: 1)
        let sides: [(Int, SideBasis.Kind, SideBasis.Kind)] = [
            (15, .identity, .identity), (16, .full, .full), (256, .full, .full),
            (257, .tracked(directions: 64), .tracked(directions: 64)),
            (640, .tracked(directions: 128), .tracked(directions: 96)),
            (8192, .tracked(directions: 256), .tracked(directions: 96)), (8193, .identity, .identity),
        ]
        for (size, original, limited) in sides {
            #expect(BasisRule.original.kind(forSide: size) == original)
            #expect(SideBasis.kind(forSide: size) == original)
            #expect(few.kind(forSide: size) == limited)
            #expect(Self.none.kind(forSide: size) == .identity)
        }
    }

    @Test func aRuleIsNamedOnlyWhereItMatters() {
        #expect(!BasisRule.original.matters(for: MatrixForm([1024, 1024])))
        for rule in [Self.joint, Self.none] {
            #expect(rule.matters(for: MatrixForm([640, 20])) && rule.matters(for: MatrixForm([2, 20, 600])))
            #expect(!rule.matters(for: MatrixForm([640])) && !rule.matters(for: MatrixForm([1, 640])))
            #expect(!rule.matters(for: MatrixForm([9000, 15])) && !rule.matters(for: MatrixForm([0, 640])))
            #expect(rule.matters(for: MatrixForm([24, 24])))
        }
        var settings = TransformSettings(stepSize: 1)
        settings.rule = Self.joint
        (settings.narrowSide, settings.narrowSides) = (300, 300)
        #expect(settings.rule(for: MatrixForm([300, 300])) == nil)
        #expect(settings.rule(for: MatrixForm([301, 16])) == Self.joint)
        (settings.narrowSide, settings.narrowSides) = (400, 299)
        #expect(settings.rule(for: MatrixForm([300, 300])) == Self.joint)
        #expect(settings.rule(for: MatrixForm([299, 400])) == nil)
        settings.rule = Self.none
        #expect(settings.rule(for: MatrixForm([24, 24])) == Self.none)
    }

    @Test func everyRuleComesBackAndNoOtherBytesAreRead() throws {
        var refused = 0
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                var reader = ByteReader([first, second])
                guard let rule = try? BasisRule(from: &reader) else {
                    refused += 1
                    continue
                }
                if first & 63 > 32 || second & 15 == 0 || second >> 4 == 0 {
                    Issue.record("\(first), \(second) is read")
                }
                var writer = ByteWriter()
                rule.write(to: &writer)
                if writer.bytes != [first, second] { Issue.record("\(first), \(second) became \(writer.bytes)") }
            }
            var short = ByteReader([first])
            #expect(throws: CodecError.self) { try BasisRule(from: &short) }
        }
        #expect(refused == 256 * 256 - 4 * 33 * 15 * 15)
        #expect(Self.joint.isJoint && !Self.joint.opens)
        var writer = ByteWriter()
        Self.joint.write(to: &writer)
        #expect(writer.bytes == [0b1100_0010, 0x12])
    }

    // MARK: Chains

    /// Both sides tracked, of either order; one; none; a batch; a vector beside them.
    static let shapes: [[Int]] = [
        [260, 270], [280, 260], [40, 280], [270, 24], [2, 260, 264], [48, 64], [300], [260, 264],
    ]

    private func settings(_ random: inout SplitMix64) -> TransformSettings {
        var settings = TransformSettings(stepSize: [0.6, 1.5, 3][Int(random.next() % 3)])
        settings.rule = BasisRule(
            directionsByEight: UInt8(random.next() % 4), firstRounds: 1 + UInt8(random.next() % 3),
            laterRounds: 1 + UInt8(random.next() % 2), opens: random.next() % 2 == 0, isJoint: random.next() % 3 != 0)
        settings.narrowSide = 60
        if random.next() % 2 == 0 { settings.refreshesRarely = true }
        return settings
    }

    @Test(arguments: 0..<12) func theDecoderHasWhatTheEncoderGoesOnFrom(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(1000 + seed))
        let settings = settings(&random)
        var parameter = TransformSamples.Parameter(
            Self.shapes[seed % Self.shapes.count], FloatFormat.allCases[Int(random.next() % 4)], seed: random.next())
        parameter.hasFirst = random.next() % 4 != 0
        if random.next() % 2 == 0 {
            parameter.before = parameter.weight
            parameter.values.advance()
        }
        var samples = TransformSamples([parameter, .init([20, 70], .f32, seed: random.next())], settings)
        var named: [Int] = []
        for number in 0..<5 {
            let step = try #require(try samples.encode())
            let chain = try TransformDecoder.unpackChain(step.chain, step.members)
            for (position, member) in step.encoded.enumerated() {
                #expect(chain.states[position].serialized() == member.state.serialized(), "step \(number)")
                #expect(try chain.states[position].weight() == member.weight, "step \(number)")
                let kept = try TransformState(
                    form: member.form, format: samples.parameters[position].format,
                    serialized: chain.states[position].serialized())
                #expect(kept.serialized() == member.state.serialized() && kept.rule == member.state.rule)
                if let rule = member.header.rule {
                    named.append(position)
                    #expect(rule == settings.rule && member.header.kind == .firstDelta)
                }
            }
            samples.advance(step, chain)
        }
        let positions = samples.parameters.indices.filter { settings.rule(for: samples.parameters[$0].form) != nil }
        #expect(named.sorted() == positions, "once in every chain that has to name it")
    }

    /// A keyframe and two changes of a matrix that names a rule.
    private func named(_ shape: [Int] = [20, 24]) throws -> [TransformSamples.Step] {
        var settings = TransformSettings(stepSize: 0.6)
        settings.rule = Self.none
        var samples = TransformSamples([TransformSamples.Parameter(shape, .f32, seed: 1)], settings)
        return try (0..<3).map { _ in
            let step = try #require(try samples.encode())
            samples.advance(step, try TransformDecoder.unpackChain(step.chain, step.members))
            return step
        }
    }

    private func packed(_ step: TransformSamples.Step, _ change: (inout TransformHeader) -> Void) throws -> [UInt8] {
        var encoded = step.encoded
        change(&encoded[0].header)
        return try TransformPacking.packChain(encoded).bytes
    }

    @Test func whatHasNoSketchesIsRead() throws {
        for step in try named() {
            let bytes = try packed(step) { ($0.missing, $0.origin) = (nil, nil) }
            let chain = try TransformDecoder.unpackChain(bytes, step.members)
            #expect(try chain.states[0].weight() == step.encoded[0].weight)
        }
    }

    @Test func streamsThatAreMissingAreRefused() throws {
        let step = try named()[0], bytes = try packed(step) { _ in }
        #expect(throws: CodecError.self) {
            try TransformDecoder.unpackChain(Array(bytes.dropLast()), step.members)
        }
    }

    @Test func aRuleIsRefusedBehindAChainsFirstGroup() throws {
        let steps = try named()
        #expect(steps[1].encoded[0].header.rule == Self.none && steps[2].encoded[0].header.rule == nil)
        let late = try packed(steps[2]) {
            #expect($0.kind == .firstDelta)
            $0.rule = Self.none
        }
        #expect(throws: CodecError.self) { try TransformDecoder.unpackChain(late, steps[2].members) }
    }

    @Test func aRuleIsRefusedOutsideOfAGroupsFirstStepAndForVectors() throws {
        let keyframe = try named()[0]
        let early = try packed(keyframe) { $0.rule = Self.none }
        #expect(throws: CodecError.self) { try TransformDecoder.unpackChain(early, keyframe.members) }
        let vector = try named([40])[1]
        #expect(vector.encoded[0].header.kind == .firstDelta && vector.encoded[0].header.rule == nil)
        let plain = try packed(vector) { $0.rule = Self.none }
        #expect(throws: CodecError.self) { try TransformDecoder.unpackChain(plain, vector.members) }
    }

    @Test func everyMutationOfAHeaderWithARuleIsAnswered() throws {
        let step = try named()[1]
        HostileFiles.forEachMutation(of: step.chain) { _, damaged in
            guard let chain = try? TransformDecoder.unpackChain(damaged, step.members) else { return }
            if let bytes = try? chain.states[0].weight() { #expect(bytes.count == 20 * 24 * 4) }
        }
    }

    // MARK: Joint learning

    /// Strong directions on both sides, and noise.
    private func change(_ rows: Int, _ columns: Int, seed: UInt64) -> BoundedMatrix {
        var random = SplitMix64(seed: seed)
        func normal() -> Double { Double(Int64(bitPattern: random.next()) >> 44) }
        let left = (0..<4 * rows).map { _ in normal() }, right = (0..<4 * columns).map { _ in normal() }
        var values = [Double](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for j in 0..<columns {
                var value = normal()
                for k in 0..<4 { value += left[4 * i + k] * right[4 * j + k] * 0x1p-18 / Double(k + 1) }
                values[i * columns + j] = value.rounded()
            }
        }
        return BoundedMatrix(IntegerMatrix(rows: rows, columns: columns, values: values))
    }

    private func learned(_ rows: Int, _ columns: Int, _ rule: BasisRule) throws -> TransformTile {
        let position = MatrixForm([rows, columns]).tiles[0]
        var tile = TransformTile(position, isVector: false, rule: rule)
        for seed in 1...2 as ClosedRange<UInt64> {
            try tile.learn(change(rows, columns, seed: seed), exponent: -Int(seed), rule)
        }
        return tile
    }

    @Test(arguments: [(260, 300), (300, 260)]) func theLongerSideFindsNearlyTheSame(rows: Int, columns: Int) throws {
        var apart = Self.joint
        apart.isJoint = false
        let together = try learned(rows, columns, Self.joint), separate = try learned(rows, columns, apart)
        let isLeftLonger = rows > columns
        let shorter = isLeftLonger ? \TransformTile.right : \TransformTile.left
        let longer = isLeftLonger ? \TransformTile.left : \TransformTile.right
        var a = ByteWriter(), b = ByteWriter()
        together[keyPath: shorter].serialise(into: &a)
        separate[keyPath: shorter].serialise(into: &b)
        #expect(a.bytes == b.bytes, "the shorter side learns from all of it either way")
        let (joint, whole) = (together[keyPath: longer], separate[keyPath: longer])
        #expect(joint.isOpen && joint.energies != whole.energies)
        #expect(abs(joint.totalEnergy - whole.totalEnergy) <= 1)
        for (found, wanted) in zip(joint.energies.prefix(4), whole.energies) { #expect(abs(found - wanted) <= 1) }
    }

    /// It changes when the transform does, and then archives made before no longer decode.
    @Test func jointBasesHaveTheFrozenBits() throws {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (rows, columns) in [(257, 290), (290, 257), (264, 264)] {
            let tile = try learned(rows, columns, Self.joint)
            var writer = ByteWriter()
            tile.left.serialise(into: &writer)
            tile.right.serialise(into: &writer)
            for byte in writer.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        #expect(String(hash, radix: 16) == "ed26a644825ec1af")
    }
}
