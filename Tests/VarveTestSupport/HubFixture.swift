import FileSystem

/// A made-up cache of the hub's, with the links that the hub's own library makes, and a run that began from a model in it.
public struct HubFixture: Sendable {
    public let directory: TemporaryDirectory

    public init(_ directory: TemporaryDirectory) { self.directory = directory }

    /// The cache's directory.
    public var path: String { directory.file("hub") }

    /// Adds a snapshot, whose files are links into `blobs`, and a reference to it.
    public func add(
        _ model: String, commit: String, reference: String? = "main", files: [(name: String, bytes: [UInt8])]
    ) throws {
        let root = "hub/models--" + model.replacing("/", with: "--")
        try Directories.create(directory.file("\(root)/snapshots/\(commit)"))
        for file in files {
            let blob = "\(commit)-\(file.name)"
            try directory.write(file.bytes, to: "\(root)/blobs/\(blob)")
            try SystemCalls.symbolicLink(
                target: "../../blobs/\(blob)", at: directory.file("\(root)/snapshots/\(commit)/\(file.name)"))
        }
        if let reference { try directory.write(Array(commit.utf8), to: "\(root)/refs/\(reference)") }
    }

    /// What the run trains: its first checkpoint is the model.
    public static let training = DriftingRun([.init("layer.0.w", [96, 64]), .init("layer.1.w", [64, 96])], steps: 3)

    /// The weights of the training's beginning.
    public static func model(_ prefix: String = "") -> [UInt8] { weights(0, prefix) }

    private static func weights(_ index: Int, _ prefix: String) -> [UInt8] {
        SafetensorsMaker.file(
            training.step(index).model.map {
                var tensor = $0
                tensor.name = prefix + $0.name
                return tensor
            })
    }

    /// Writes the later checkpoints as the Trainer does.
    /// - Parameter files: further files of each checkpoint.
    public func writeRun(_ run: String = "run", prefix: String = "", files: [String: String] = [:]) throws {
        for index in 1..<Self.training.values.count {
            let number = DriftingRun.number(index), step = "\(run)/checkpoint-\(number)"
            try directory.write(Self.weights(index, prefix), to: "\(step)/model.safetensors")
            try directory.write(Array("{\"global_step\": \(number)}".utf8), to: "\(step)/trainer_state.json")
            for (name, text) in files { try directory.write(Array(text.utf8), to: "\(step)/\(name)") }
        }
    }
}
