import TensorCodecs
import FileSystem
import TensorFiles
import VarveTestSupport

/// Runs that golden archives were made of.
enum GoldenRuns {
    /// Sides above 256, whose bases are tracked; experts; a vector; a bf16 weight with its float32 master.
    /// - Parameters:
    ///   - seed: of the training.
    ///   - indices: of the steps that are written; all of them where it is left out.
    static func writeTracked(to root: String, seed: UInt64 = 1, only indices: Range<Int> = 0..<5) throws {
        let run = DriftingRun(
            [
                .init("tall", [300, 20]), .init("wide", [18, 270]), .init("experts", [2, 16, 20]), .init("norm", [20]),
            ],
            steps: 5, seed: seed)
        for var step in run.steps()[indices] {
            var master = step.model[0]
            step.model[0] = master.converted(to: .bf16)
            master.name = "master_param"
            step.states[0].append(master)
            try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt"))
        }
    }

    /// Weights of which some elements keep their bits (padding, rows that are frozen, a mask), in float32 and bf16; one that
    /// begins anew, a bf16 one with its float32 master; a second name; a side above 1023, whose bases follow a rule of
    /// their own.
    static func writePartly(to root: String, steps: Int) throws {
        let shapes: [DriftingRun.Shape] = [
            .init("embedding", [60, 24]), .init("masked", [24, 32]), .init("brain", [30, 20]), .init("anew", [20, 24]),
            .init("wide", [16, 1030]), .init("norm", [20]),
        ]
        let run = DriftingRun(shapes, steps: steps, updates: 6)
        let other = DriftingRun(shapes, steps: steps, seed: 2, updates: 6)
        let mask = SeededTensors.floats(24 * 32, seed: 3).map { $0 < 0.5 }
        let begin = run.step(0).model.map { FloatFormat.f32.floats($0.bytes) }
        for (index, var step) in run.steps().enumerated() {
            if index > 2 { (step.model[3], step.states[3]) = (other.step(index).model[3], other.step(index).states[3]) }
            if index > 5 {
                // A thousandth of the change does not fit the group's grid.
                let last = FloatFormat.f32.floats(run.step(5).model[0].bytes)
                step.model[0].change { weight in
                    for at in weight.indices { weight[at] = last[at] + 0.001 * (weight[at] - last[at]) }
                }
            }
            still(&step, 0) { $0 < 3 * 24 ? 0 : $0 < 50 * 24 ? nil : begin[0][$0] }
            still(&step, 1) { mask[$0] ? 0 : nil }
            still(&step, 2) { $0 < 20 * 20 ? nil : $0 < 25 * 20 ? 0 : begin[2][$0] }
            step.model[2] = step.model[2].converted(to: .bf16)
            var master = step.model[3], twin = step.model[0]
            step.model[3] = master.converted(to: .bf16)
            (master.name, twin.name) = ("master_param", "head")
            step.states[3].append(master)
            // Random digits: the archive shall be small.
            step.states[4][0].change { $0 = [Float](repeating: 0, count: $0.count) }
            step.model.append(twin)
            step.states.append([])
            try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt"))
        }
    }

    /// Gives elements of a weight values of their own, where there are any, as if no gradient had reached them.
    private static func still(_ step: inout TrainingStep, _ index: Int, _ values: (Int) -> Float?) {
        step.model[index].change { weight in
            for position in weight.indices { weight[position] = values(position) ?? weight[position] }
        }
        for moment in step.states[index].indices {
            step.states[index][moment].change { moment in
                for position in moment.indices where values(position) != nil { moment[position] = 0 }
            }
        }
    }

    /// Directories with a file for the weights and one for the optimizer's state.
    static func writeDirectories(to root: String) throws {
        for step in DriftingRun([.init("a", [48, 64]), .init("b", [40]), .init("c", [16, 8])], steps: 5).steps() {
            let directory = Paths.join(root, "checkpoint-\(step.number)")
            try Trees.write(
                SafetensorsMaker.file(step.model, metadata: [("format", "pt")]), to: directory + "/model.safetensors")
            try Trees.write(step.optimizerFile(), to: directory + "/optimizer.pt")
        }
    }

    /// Beside AdamW's moments a slow momentum, a largest size and an average of the weights, in several types; amsgrad's
    /// maximum.
    static func writeStates(to root: String) throws {
        let run = DriftingRun([.init("a", [24, 32]), .init("b", [160]), .init("c", [20, 24])], steps: 4)
        let steps = run.steps { step in
            for index in step.states.indices {
                var slow = step.states[index][0], size = step.states[index][1], average = step.model[index]
                var largest = size
                (slow.name, size.name, average.name) = ("exp_avg_slow", "exp_inf", "slow_params")
                largest.name = "max_exp_avg_sq"
                slow.change { $0 = $0.enumerated().map { $1 * (1 + 0.3 * Float($0 % 7)) } }
                size.change { $0 = $0.map { 1.5 * $0.squareRoot() } }
                average.change { $0 = $0.map { 0.95 * $0 } }
                if index == 2 { slow = slow.converted(to: .bf16) }
                step.states[index] += [slow, size, average, largest]
            }
        }
        for step in steps { try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt")) }
    }

    /// Element types and ways of changing that method `lossless` treats apart: values that go on as they went, in every
    /// float type; ones of which few change; bytes.
    static func writeKinds(to root: String) throws {
        let shape = [48, 32], count = 48 * 32
        let start = SeededTensors.floats(count, seed: 1, deviation: 0.02)
        let drift = SeededTensors.floats(count, seed: 2, deviation: 0.001)
        for step in 0..<4 {
            let noise = SeededTensors.floats(count, seed: UInt64(10 + step), deviation: 0.0001)
            let values = start.indices.map { start[$0] + Float(step) * drift[$0] + noise[$0] }
            let drifting = TestTensor("drifting", shape: shape, floats: values)
            let rare = start.indices.map { ($0 &* 7919 &+ step) % 97 < 2 * step ? values[$0] : start[$0] }
            let bytes = start.map { UInt8(truncatingIfNeeded: Int($0 * 1500)) & 0xfb }
            let moved = bytes.indices.map { noise[$0] > 0.0001 ? bytes[$0] | 4 : bytes[$0] }
            var tensors = [drifting]
            for format in [FloatFormat.bf16, .f16, .f64] {
                var tensor = drifting.converted(to: format)
                tensor.name = "drifting_\(format)"
                tensors.append(tensor)
            }
            tensors += [
                TestTensor("rare", shape: shape, floats: rare),
                TestTensor("small", dtype: "F8_E4M3", shape: shape, bytes: moved),
                TestTensor("codes", dtype: "I8", shape: shape, bytes: moved),
                TestTensor("mask", dtype: "BOOL", shape: shape, bytes: bytes.map { $0 & 1 }),
                TestTensor("count", dtype: "I64", shape: [1], bytes: LittleEndianBytes.of(UInt64(step))),
            ]
            // Arrays in a file that nobody reads.
            let halves = drifting.converted(to: .bf16).bytes
            let arrays = Array("arrays".utf8) + SeededTensors.bytes(of: noise + values.map { $0 * 3 } + drift) + halves
            try Trees.write(arrays, to: Paths.join(root, "checkpoint-\(10 * (step + 1))/arrays.bin"))
            try Trees.write(
                SafetensorsMaker.file(tensors, metadata: [("format", "pt")]),
                to: Paths.join(root, "checkpoint-\(10 * (step + 1))/model.safetensors"))
        }
    }
}
