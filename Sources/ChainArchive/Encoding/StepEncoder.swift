import TensorCodecs
package import FileSystem

/// Encodes the units of one step. Units are independent of each other, so several threads may work on them.
package struct StepEncoder: Sendable {
    /// Of the step.
    package let number: Int
    package let method: StepMethod
    /// What the step builds on; `nil` for a keyframe.
    package let predecessor: Predecessor?
    /// Where restored tensors and payload go, for the next step; `nil` where none comes.
    package let store: ScratchStore?
    /// Decodes what the step before stored exactly.
    let decoder: ChainDecoder?
    /// Payload that earlier steps store.
    let index: PayloadIndex
    /// `ChainLengths` of the predecessor.
    let chainLengths: [TensorIdentity: Int]
    /// Whether moments of the step before were forgotten, so that nothing may build on them: `predecessor` has none then.
    let hidesMoments: Bool
    /// For method `excp`.
    let workspaces = WorkspacePool()

    /// - Parameter unstored: steps before the predecessor that are in no archive, as those of a sample.
    package init(
        number: Int, method: StepMethod, predecessor: Predecessor? = nil, store: ScratchStore? = nil,
        decoder: ChainDecoder? = nil, unstored: [OpenStep] = [], index: PayloadIndex = PayloadIndex(),
        hidesMoments: Bool = false
    ) throws(VarveError) {
        self.number = number
        self.method = method
        self.predecessor = predecessor
        self.store = store
        self.decoder = decoder
        self.index = index
        chainLengths =
            try predecessor?.step.map { (step) throws(VarveError) in
                try ChainLengths.of(step) { (step) throws(VarveError) in
                    guard case .step(let number, _) = step.manifest.predecessor else { return nil }
                    if let before = unstored.last(where: { $0.manifest.number == number }) { return before }
                    return try decoder?.predecessor(of: step)
                }
            } ?? [:]
        self.hidesMoments = hidesMoments
    }

    /// Encodes one unit.
    package func encodeUnit(_ unit: EncodingUnit) throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit()
        switch unit {
        case .losslessGroup(let tensors):
            for tensor in tensors { try encodeTensor(tensor, bytes: tensor.read(), into: &result) }
        case .payload(let payload):
            try encodePayload(payload, into: &result)
        case .quantizedGroup(let parameters):
            switch method {
            case .excp(let settings): try encodeExcp(parameters, with: settings, into: &result)
            case .transform(let settings, _): try encodeTransform(parameters, with: settings, into: &result)
            case .lossless:
                for parameter in parameters {
                    try encodeParameterExactly(parameter, weightBytes: parameter.weight.read(), into: &result)
                }
            }
        }
        try packExact(&result)
        return result
    }
}
