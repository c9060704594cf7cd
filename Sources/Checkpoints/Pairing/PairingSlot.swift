/// An optimizer slot in the flat numbering of a step: all optimizers, all groups.
struct PairingSlot {
    var slot: OptimizerSlot
    var hyperparameters: Hyperparameters
    var weightDecay: Double?
    /// Index of the optimizer and of the group among all groups of the step.
    var optimizer: Int
    var group: Int

    static func all(_ optimizers: [OptimizerState]) -> [PairingSlot] {
        var slots: [PairingSlot] = []
        var group = 0
        for (index, optimizer) in optimizers.enumerated() {
            for members in optimizer.groups {
                slots += members.slots.map {
                    PairingSlot(
                        slot: $0, hyperparameters: members.hyperparameters, weightDecay: members.weightDecay,
                        optimizer: index, group: group)
                }
                group += 1
            }
        }
        return slots
    }
}

/// What the solver found for one slot.
struct PairingResult {
    /// Index of the weight; `nil` where it stays open.
    var weight: Int?
    var pairing: Pairing
}
