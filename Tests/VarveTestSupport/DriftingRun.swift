/// A run of AdamW on a few `DriftingParameter`s.
public struct DriftingRun: Sendable {
    public struct Shape: Sendable {
        public var name: String
        public var shape: [Int]

        public init(_ name: String, _ shape: [Int]) { (self.name, self.shape) = (name, shape) }

        var rows: Int { shape.first ?? 1 }
        var columns: Int { shape.dropFirst().reduce(1, *) }
    }

    /// Values of all parameters at one step.
    public struct Values: Sendable {
        public var weight: [Float]
        public var first: [Float]
        public var second: [Float]
    }

    public let shapes: [Shape]
    /// By step, then by parameter.
    public var values: [[Values]]

    public init(_ shapes: [Shape], steps: Int, seed: UInt64 = 1, updates: Int = 2) {
        self.shapes = shapes
        var parameters = shapes.enumerated().map {
            DriftingParameter(rows: $1.rows, columns: $1.columns, seed: seed &* 1000 &+ UInt64($0))
        }
        values = []
        for step in 0..<steps {
            if step > 0 { for index in parameters.indices { parameters[index].advance(updates) } }
            values.append(parameters.map { Values(weight: $0.weight, first: $0.first, second: $0.second) })
        }
    }

    /// Numbers of the steps: 10, 20, ...
    public static func number(_ index: Int) -> Int { 10 * (index + 1) }

    /// The checkpoint of a step, all float32.
    public func step(_ index: Int) -> TrainingStep {
        let now = values[index]
        func tensors(_ name: (Shape) -> String, _ values: (Values) -> [Float]) -> [TestTensor] {
            zip(shapes, now).map { TestTensor(name($0), shape: $0.shape, floats: values($1)) }
        }
        let first = tensors({ _ in "exp_avg" }, \.first), second = tensors({ _ in "exp_avg_sq" }, \.second)
        return TrainingStep(
            number: Self.number(index), model: tensors(\.name, \.weight),
            states: zip(first, second).map { [$0, $1] })
    }

    /// All checkpoints, after `change`.
    public func steps(_ change: (inout TrainingStep) -> Void = { _ in }) -> [TrainingStep] {
        values.indices.map {
            var step = step($0)
            change(&step)
            return step
        }
    }
}
