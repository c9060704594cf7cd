import ChainArchive

extension StepManifest {
    /// Names listed in the note.
    private static let listed = 3

    /// What a user should hear of weights that were quantized although no optimizer state proves that they are trained;
    /// `nil` where there are none.
    var unprovenNote: String? {
        let names = tensors.filter { tensor in
            let pairing = tensor.statistics.pairing
            return tensor.identity.isWeight && !tensor.coding.isExact && (pairing == .none || pairing == .ambiguous)
        }.map(\.name)
        guard !names.isEmpty else { return nil }
        let list = names.prefix(Self.listed).joined(separator: ", ") + (names.count > Self.listed ? ", ..." : "")
        return names.count == 1
            ? "quantized without optimizer state to prove that it is trained: 1 tensor (\(list)); "
                + "quality lossless keeps it exactly"
            : "quantized without optimizer state to prove that they are trained: \(names.count) tensors (\(list)); "
                + "quality lossless keeps them exactly"
    }
}
