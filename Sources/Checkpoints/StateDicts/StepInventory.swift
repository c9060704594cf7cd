/// What the files of a step hold, before states are tied to weights.
struct StepInventory {
    /// In file order.
    var dictionaries: [StateDict] = []
    var optimizers: [OptimizerState] = []
}
