/// What is fuzzed: each target takes any bytes, whatever they are, and comes back in little time and memory.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// safetensors files: header, views, what lies between them.
    case safetensors
    /// `torch.save` files, zip and legacy, with their pickles and the checksums that a restore redoes.
    case torch
    /// Pickles as data.
    case pickle
    /// Bodies of manifests of every kind and version, and the frame around them.
    case manifest
    /// Records of parts through their decoders, checksums left out.
    case part
    /// Runs: names of files, the JSON beside checkpoints, state dicts and optimizers.
    case discovery
    /// Archives whose manifests are the input, sealed with right checksums: reported, verified, restored.
    case archive
    /// Runs of shards, one file of which has other numbers, other bytes or an early end: read and gathered.
    case shards

    /// - Throws: `BrokenPromise` where the input made Varve do what it says it never does. Refusing the input is right.
    package func run(_ input: [UInt8]) throws {
        switch self {
        case .safetensors: try TensorFileTarget.runSafetensors(input)
        case .torch: try TensorFileTarget.runTorch(input)
        case .pickle: try PickleTarget.run(input)
        case .manifest: try ManifestTarget.run(input)
        case .part: try PartTarget.run(input)
        case .discovery: try DiscoveryTarget.run(input)
        case .archive: try ArchiveTarget.run(input)
        case .shards: try ShardTarget.run(input)
        }
    }

    /// Inputs to begin with.
    package func seeds() throws -> [[UInt8]] {
        switch self {
        case .safetensors: try TensorFileTarget.safetensorsSeeds()
        case .torch: try TensorFileTarget.torchSeeds()
        case .pickle: try PickleTarget.seeds()
        case .manifest: try ManifestTarget.seeds()
        case .part: try PartTarget.seeds()
        case .discovery: try DiscoveryTarget.seeds()
        case .archive: try ArchiveTarget.seeds()
        case .shards: try ShardTarget.seeds()
        }
    }

    /// Words that inputs are made of.
    package var words: [String] {
        switch self {
        case .safetensors: TensorFileTarget.safetensorsWords
        case .torch:
            PickleTarget.words + ["PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "PK\u{6}\u{7}"]
        case .pickle: PickleTarget.words
        case .manifest, .archive: ["step.manifest", "0000.part", "transform", "excp", "lossless", "F32", "BF16", "../"]
        case .part: ["\u{28}\u{b5}\u{2f}\u{fd}"]
        case .discovery: DiscoveryTarget.words
        case .shards: []
        }
    }
}
