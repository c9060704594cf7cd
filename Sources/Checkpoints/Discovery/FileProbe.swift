import FileSystem
import TensorFiles

/// What a look into one file told: enough to sort it into a step, without keeping it open.
struct FileProbe {
    enum Outcome {
        /// A container with tensors in it.
        case tensors
        /// A checkpoint of a kind that is not understood (`.npz`, `.h5`, `.keras`, TorchScript).
        case opaque
        /// No checkpoint.
        case other
        /// It begins like a container and breaks its rules, or cannot be read.
        case broken(VarveError)
    }

    var path: String
    var name: String
    var identity: FileIdentity
    var stepName: StepName?
    var outcome: Outcome
    /// Holds a state dict (or is a safetensors file with weights).
    var hasWeights = false
    var hasOptimizer = false
    var metadata: StepNumber?
    var optimizerStep: StepNumber?
    /// Names of the weights, hashed: tells two networks from two versions of one.
    var weightNames: Set<Int> = []

    init(_ entry: RunEntry, in scan: RunScan) {
        path = entry.path
        name = Paths.split(entry.path).name
        identity = entry.identity
        stepName = StepName(name)
        outcome = .other
        do throws(VarveError) {
            try look(scan.absolute(entry.path))
        } catch {
            outcome = .broken(error.at(file: scan.absolute(entry.path)))
        }
    }

    private mutating func look(_ path: String) throws(VarveError) {
        let suffixed = StepName.hasCheckpointSuffix(name)
        let source: InputFile
        do throws(VarveError) { source = try InputFile(path) } catch {
            if suffixed { throw error }
            return
        }
        let magic = try FileMagic(source)
        guard suffixed || magic != .none else { return }
        if source.byteCount == 0 {
            throw VarveError(.incomplete, "the file is empty: it is still being written, or writing it failed")
        }
        if source.byteCount < FileProbe.smallestContainer {
            // SpeechBrain's counters are `.ckpt` files with a number in them.
            if try FileProbe.isText(source) { return }
            throw VarveError(
                .incomplete, "\(source.byteCount) bytes are too few for a checkpoint: it is still being written")
        }
        if Layouts.isPiece(name) { return outcome = .opaque }
        if magic == .hdf5 {
            try FileMagic.checkHDF5(source)
            return outcome = .opaque
        }
        guard let file = try TensorFile.open(source) else {
            if magic == .zip { try FileMagic.checkZip(source) }
            if suffixed { outcome = .opaque }
            return
        }
        if let reader = StateDictReader(file, fileIndex: 0) {
            var reader = reader
            reader.read()
            hasWeights = !reader.dictionaries.isEmpty
            hasOptimizer = !reader.optimizers.isEmpty
            weightNames = Set(reader.dictionaries.flatMap { $0.entries.map(\.name.hashValue) })
            metadata = reader.stepNumber()
            optimizerStep = reader.optimizerStep()
        } else {
            hasOptimizer = file.isFlatOptimizer
            hasWeights = !hasOptimizer && !file.tensors.isEmpty
            weightNames = Set(file.tensors.map(\.name.hashValue))
            metadata = StepNumber.find(in: file.metadata)
        }
        outcome = .tensors
    }

    /// Whether a small file is text, and not the beginning of a container.
    private static func isText(_ source: InputFile) throws(VarveError) -> Bool {
        let bytes = try source.bytes(at: 0, count: Int(source.byteCount))
        return !bytes.starts(with: [0x50, 0x4B])
            && bytes.allSatisfy { (0x20...0x7E).contains($0) || $0 == 10 || $0 == 13 }
    }

    /// A file whose content says that it is a checkpoint's main or companion file.
    var isCheckpoint: Bool {
        switch outcome {
        case .tensors: hasWeights || hasOptimizer
        case .opaque: FileProbe.opaqueSuffixes.contains { name.lowercased().hasSuffix($0) } || isNumbered
        case .other, .broken: false
        }
    }

    /// Weights and optimizer in one file: a checkpoint of its own.
    var isWhole: Bool { hasWeights && hasOptimizer && FileRole.network(name).isEmpty }

    var isOpaque: Bool { if case .opaque = outcome { true } else { false } }

    /// Whether the name carries a step number that means something.
    var isNumbered: Bool { stepName.map { $0.kind != .glued } ?? false }

    /// No container takes fewer bytes: the length and the braces of an empty safetensors file.
    private static let smallestContainer: UInt64 = 10

    private static let opaqueSuffixes = [".npz", ".h5", ".hdf5", ".keras"]
}
