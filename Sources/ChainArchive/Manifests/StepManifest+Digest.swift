import TensorCodecs

extension StepManifest {
    /// Binds a successor to this step: XXH3-128 over name and content hash of every weight (its copies left out), in order of name.
    ///
    /// It covers the weights that later steps build on and nothing else. Moments that a lossless step builds on are bound by
    /// the content hashes of what is made of them.
    package var weightsDigest: Hash128 {
        var writer = ByteWriter()
        for tensor in tensors.filter({ $0.role == .weight && $0.key.isEmpty }).sorted(by: {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }) {
            writer.append(string: tensor.name)
            writer.append(littleEndian: tensor.contentHash.low)
            writer.append(littleEndian: tensor.contentHash.high)
        }
        return Hash128(writer.bytes)
    }
}
