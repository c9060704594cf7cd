import CGlibc
import FoundationEssentials
import Glibc
import TensorCodecs

/// Time of every stage of method `transform` by the side of a matrix, and what is gained by it: bits and error of the last of four
/// states of one trained matrix (`Benchmarks/Bench/sides.py`), for rules of different width.
///
/// Arguments: the directory, then sides. Processor time of one thread.
@main struct TransformBench {
    static let rules: [(name: String, rule: BasisRule)] = [
        ("low", BasisRule(directionsByEight: 0, firstRounds: 1, laterRounds: 1, opens: false)),
        ("32", joint(4)), ("64", joint(8)), ("96 (normal)", joint(12)), ("128", joint(16)), ("256", joint(32)),
        ("high", .original),
    ]

    static func joint(_ directions: UInt8) -> BasisRule {
        BasisRule(directionsByEight: directions, firstRounds: 2, laterRounds: 1, opens: false, isJoint: true)
    }

    static func main() throws {
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 1 << 30)
        let folder = CommandLine.arguments[1]
        print("| side | rule | bits | error | residual, levels, moments | pack | basis | inverse | encode | decode |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for side in CommandLine.arguments.dropFirst(2).compactMap({ Int($0) }) {
            for (name, rule) in rules {
                // Of what a rule is for, as the program decides it.
                if side <= 512, name != "low", name != "high" { continue }
                try measure(side, name, rule, folder)
            }
        }
    }

    static func measure(_ side: Int, _ name: String, _ rule: BasisRule, _ folder: String) throws {
        let form = MatrixForm([side, side])
        var settings = TransformSettings(stepSize: 1.5)
        settings.rule = rule
        let encoder = TransformEncoder(settings: settings)
        var previous: EncodedParameter?, error = 0.0, original: [UInt8] = []
        var bits = 0.0, relative = 0.0, encode = 0.0, pack = 0.0, decode = 0.0
        for state in 0..<4 {
            func read(_ what: String) throws -> [UInt8] {
                [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(side)-\(state)-\(what).f32")))
            }
            var input = ParameterInput(form: form, format: .f32, weight: try read("weight"))
            input.first = MomentTensor(bytes: try read("first"), format: .f32)
            input.second = MomentTensor(bytes: try read("second"), format: .f32)
            input.previous = previous?.weight
            input.expectedChange = 1e30
            input.state = previous?.state
            input.previousError = error
            let before = previous?.state
            let start = processorTime()
            guard let member = try encoder.encode(input) else { fatalError("cannot be quantized") }
            let middle = processorTime()
            let packed = try TransformPacking.packChain([member])
            let end = processorTime()
            (encode, pack) = (middle - start, end - middle)
            let chain = try TransformDecoder.unpackChain(
                packed.bytes, [TransformDecoder.Member(form: form, format: .f32, state: before)])
            guard try chain.states[0].weight() == member.weight else { fatalError("not what was encoded") }
            decode = processorTime() - end
            error = ResidualCodec.error(input.weight, member.weight, format: .f32).squared
            if state > 0 { relative = error / ResidualCodec.error(input.weight, original, format: .f32).squared }
            bits = Double(packed.bytes.count) * 8 / Double(form.count)
            original = input.weight
            previous = member
        }
        // The bases alone: what regrouping finds anew, and one inverse transform.
        guard let member = previous else { return }
        let stages = try member.state.stageTimes(processorTime)
        func nanoseconds(_ seconds: Double) -> String { decimal(seconds * 1e9 / Double(form.count), digits: 1) }
        let forward = stages.inverse
        print(
            "| \(side) | \(name) | \(decimal(bits, digits: 3)) | \(decimal(relative, digits: 3)) "
                + "| \(nanoseconds(encode - stages.basis - 2 * stages.inverse - forward)) | \(nanoseconds(pack)) "
                + "| \(nanoseconds(stages.basis)) | \(nanoseconds(stages.inverse)) | \(nanoseconds(encode + pack)) "
                + "| \(nanoseconds(decode)) |")
    }

    /// With so many decimals, as `printf` writes it.
    static func decimal(_ value: Double, digits: Int32) -> String {
        let room = 400
        return String(unsafeUninitializedCapacity: room) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                Int(withVaList([digits, value]) { vsnprintf(text.baseAddress, room, "%.*f", $0) })
            }
        }
    }

    /// Seconds of processor time of this process.
    static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
