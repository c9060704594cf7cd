extension StepManifest {
    /// Whether every byte comes back.
    package var isExact: Bool { tensors.allSatisfy { $0.coding.isExact } }

    /// The name of the method whose steps build on all of the step before.
    package static let losslessMethod = "lossless"

    /// What a reader that goes on to the next step should keep of this one.
    package var keptContents: ScratchStore.Contents { method == Self.losslessMethod ? .everything : .weights }
}
