import FileSystem

/// The files of a DeepSpeed checkpoint by their names.
struct DeepSpeedFiles {
    /// Model states by model parallel rank (pipeline stage), then by data parallel rank.
    private(set) var models: [Int: [Int: Int]] = [:]
    /// Optimizer states by model parallel rank, then by data parallel rank.
    private(set) var optimizers: [Int: [Int: Int]] = [:]
    /// Layers of pipelines, by their numbers.
    private(set) var layers: [(layer: Int, file: Int)] = []
    private(set) var experts: [Int] = []
    /// Folders of a universal checkpoint: a parameter's name, and the files in its folder by name.
    private(set) var universal: [(name: String, files: [String: Int])] = []
    /// The file beside those folders that has the optimizer's param groups.
    private(set) var universalOptimizer: Int?

    /// Model states of a model parallel rank, of the first data parallel rank first.
    func modelFiles(_ model: Int) -> [Int] { (models[model] ?? [:]).sorted { $0.key < $1.key }.map(\.value) }

    /// The first of all model states.
    var firstModel: Int? { models.keys.min().flatMap { modelFiles($0).first } }

    private static let universalOptimizerName = "optimizer_state.pt"

    /// The checkpoints among a step's files, one a folder.
    static func all(_ files: [StepFile]) -> [DeepSpeedFiles] {
        var order: [String] = []
        var byFolder: [String: DeepSpeedFiles] = [:]
        for (index, file) in files.enumerated() {
            let (folder, name) = Paths.split(file.path)
            var key = folder
            if let marker = folder.firstRange(of: "/zero/"), name.hasSuffix(".pt") {
                key = String(folder[..<marker.lowerBound])
            } else if folder.hasSuffix("/zero"), name == universalOptimizerName {
                key = String(folder.dropLast("/zero".count))
            } else if !DeepSpeedLayout.owns(name) && !name.hasSuffix("-model_states.pt") {
                continue
            }
            if byFolder[key] == nil { order.append(key) }
            byFolder[key, default: DeepSpeedFiles()].add(index, folder: folder, name: name)
        }
        return order.compactMap { byFolder[$0] }.filter { !$0.models.isEmpty }
    }

    private mutating func add(_ index: Int, folder: String, name: String) {
        if folder.hasSuffix("/zero"), name == Self.universalOptimizerName {
            universalOptimizer = index
        } else if let marker = folder.firstRange(of: "/zero/") {
            let owner = String(folder[marker.upperBound...])
            if universal.last?.name != owner { universal.append((owner, [:])) }
            universal[universal.count - 1].files[name] = index
        } else if let match = name.wholeMatch(of: /layer_(\d+)-model_states\.pt/), let layer = Int(match.1) {
            layers.append((layer, index))
        } else if name.contains("expert") {
            if name.hasSuffix("_model_states.pt") { experts.append(index) }
        } else if let match = name.wholeMatch(of: /(?:zero_pp_rank_(\d+)_)?mp_rank_(\d+)_model_states\.pt/),
            let model = Int(match.2)
        {
            models[model, default: [:]][match.1.flatMap { Int($0) } ?? 0] = index
        } else if let match = name.wholeMatch(of: /(?:bf16_|fp16_)?zero_pp_rank_(\d+)_mp_rank_(\d+)_optim_states\.pt/),
            let data = Int(match.1), let model = Int(match.2)
        {
            optimizers[model, default: [:]][data] = index
        }
    }
}
