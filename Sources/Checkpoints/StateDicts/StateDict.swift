/// A dict of tensors by name, as found in a file: a model's weights, or those of one of several models.
struct StateDict {
    struct Entry {
        /// The key in the dict, the file's own spelling.
        var name: String
        var tensorIndex: TensorIndex
        /// Whether it is a buffer, if the file tells; else its name does.
        var isBuffer: Bool?
    }
    /// Keys from the root of the file to the dict; empty where the file itself is the dict.
    var path: [String]
    /// Index of the (first) file.
    var file: Int
    /// In file order.
    var entries: [Entry]
}

/// An optimizer's `state_dict()`: groups of slots, one slot per parameter it was given.
struct OptimizerState {
    var file: Int
    /// Keys from the root of the file to the dict.
    var path: [String]
    var groups: [OptimizerGroup]
}

/// A param group: its slots in order and what it says about them.
struct OptimizerGroup {
    var hyperparameters: Hyperparameters
    var weightDecay: Double?
    var slots: [OptimizerSlot]
}

/// What an optimizer keeps for one parameter.
struct OptimizerSlot {
    /// The parameter's name where the optimizer knows it.
    var givenName: String?
    /// Where it is kept: `optimizer.state.3`. Unique within a step.
    var statePath: String
    /// Whether there is an entry at all: none for a parameter that never had a gradient.
    var hasState = false
    var firstMoment: TensorIndex?
    var secondMoment: TensorIndex?
    /// What the optimizer calls them.
    var momentKeys = MomentKeys()
    var other: [OptimizerValue] = []
    /// The first moment is the update itself (`momentum_buffer`), not yet divided by anything.
    var firstIsUpdate = false
    /// The parameter's shape as far as the state tells it.
    var shape: [Int]?
    /// The state holds tensors, but none that tells the parameter's shape (LBFGS, quantized states of unknown form).
    var isForeign = false
}

/// What the files of a step hold, before states are tied to weights.
struct StepInventory {
    /// In file order.
    var dictionaries: [StateDict] = []
    var optimizers: [OptimizerState] = []
    /// Tensors that lie in pieces. Their indices begin behind the files.
    var assembly: Assembly?
    /// What a user should hear.
    var notes: [String] = []
    /// Why tensors that lie in pieces are not put together; `nil` if there are none, or if they are.
    var unreadPieces: String?
}
