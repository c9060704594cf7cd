/// What the files of a step hold, before states are tied to weights.
struct StepInventory {
    /// In file order.
    var dictionaries: [StateDict] = []
    var optimizers: [OptimizerState] = []
    /// Tensors that lie in pieces. Their indices begin behind the files.
    var assembly: Assembly?
    /// What a user should hear.
    var notes: [String] = []
}
