/// The step numbers that the files of a checkpoint tell.
struct FileNumbers {
    /// The best one.
    var metadata: StepNumber?
    var optimizerStep: StepNumber?
}

/// A step number and how it was found, best ground first.
struct StepNumber: Hashable {
    enum Ground: Int, Comparable {
        /// A key that says step.
        case metadata
        /// A key that says epoch.
        case epochMetadata
        /// The optimizer's own counter: the number of updates.
        case optimizer
        case name
        static func < (a: Ground, b: Ground) -> Bool { a.rawValue < b.rawValue }
    }
    var value: Int
    var ground: Ground

    /// Keys of a checkpoint's top level that hold the step, in the order in which they count.
    static let keys = [
        "global_step", "global_steps", "iter_num", "iteration", "num_updates", "step", "steps", "it", "iter",
        "iterations", "current_step", "current_iter", "train_step", "training_step", "n_iter", "step_num",
    ]
    static let epochKeys = ["epoch", "current_epoch", "epochs", "num_epoch", "epoch_num"]

    /// From safetensors' `__metadata__`.
    static func find(in metadata: [String: String]) -> StepNumber? {
        var lowered: [String: String] = [:]
        for (key, value) in metadata.sorted(by: { $0.key > $1.key }) { lowered[key.lowercased()] = value }
        for key in keys {
            if let value = lowered[key].flatMap({ number($0) }) { return StepNumber(value: value, ground: .metadata) }
        }
        for key in epochKeys {
            if let value = lowered[key].flatMap({ number($0) }) {
                return StepNumber(value: value, ground: .epochMetadata)
            }
        }
        return nil
    }

    /// A whole number in a text: `20`, `20.0`.
    static func number(_ text: String) -> Int? {
        if let value = Int(text) { return value >= 0 ? value : nil }
        return Double(text).flatMap { number($0) }
    }

    static func number(_ value: Double) -> Int? {
        guard value >= 0, value < 0x1p53, value == value.rounded() else { return nil }
        return Int(value)
    }
}
