import TensorCodecs
import TensorFiles
import VarveTestSupport

/// Runs that golden archives were made of.
enum GoldenRuns {
    /// Sides above 256, whose bases are tracked; experts; a vector; a bf16 weight with its float32 master.
    static func writeTracked(to root: String) throws {
        let run = DriftingRun(
            [
                .init("tall", [300, 20]), .init("wide", [18, 270]), .init("experts", [2, 16, 20]), .init("norm", [20]),
            ],
            steps: 5)
        for var step in run.steps() {
            var master = step.model[0]
            step.model[0] = master.converted(to: .bf16)
            master.name = "master_param"
            step.states[0].append(master)
            try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt"))
        }
    }

    /// Sides above 1023, whose bases follow a rule of their own: one side of a matrix, and both of another that begins
    /// with zeros and moves along a few directions in few places, so that the archive is small.
    static func writeWide(to root: String) throws {
        let run = DriftingRun([.init("wide", [16, 1030]), .init("norm", [20])], steps: 6)
        let (rows, columns) = (260, 1026), rank = 2
        let left = SeededTensors.floats(rows * rank, seed: 1, deviation: 1)
        let right = SeededTensors.floats(columns * rank, seed: 2, deviation: 1)
        let zeros = [Float](repeating: 0, count: rows * columns)
        var values = zeros, second = zeros
        for (index, var step) in run.steps().enumerated() {
            let noise = SeededTensors.floats(rows * columns, seed: UInt64(3 + index), deviation: 0.1)
            for i in stride(from: 3, to: rows, by: 20) where index > 0 {
                for j in stride(from: 7, to: columns, by: 50) {
                    var change = noise[i * columns + j]
                    for k in 0..<rank { change += left[i * rank + k] * right[j * rank + k] }
                    values[i * columns + j] += change * 0.01
                    second[i * columns + j] = 1e-4
                }
            }
            step.states[0][0].change { $0 = [Float](repeating: 0, count: $0.count) }
            let shape = [rows, columns]
            step.model.append(TestTensor("both", shape: shape, floats: values))
            step.states.append([
                TestTensor("exp_avg", shape: shape, floats: zeros),
                TestTensor("exp_avg_sq", shape: shape, floats: second),
            ])
            try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt"))
        }
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
