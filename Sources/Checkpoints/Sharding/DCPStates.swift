import FileSystem
import TensorFiles

/// The optimizer's states in a distributed checkpoint, collected name by name.
struct DCPStates {
    /// Optimizers of the step before this one.
    let number: Int
    /// Parameters in the order in which they were met.
    private(set) var owners: [String] = []
    private var values: [String: [OptimizerValue]] = [:]
    private var optimizerOf: [String: String] = [:]
    private var groups: [(name: String, settings: Settings)] = []
    private var groupIndex: [String: Int] = [:]

    private struct Settings {
        var hyperparameters = Hyperparameters()
        var weightDecay: Double?
        var members: [String]?
    }

    init(number: Int = 0) { self.number = number }

    /// - Throws: `.unsupported` where a parameter of that name has such a state already: two networks have the name.
    mutating func add(
        _ tensorIndex: TensorIndex, key: String, of owner: String, in optimizer: String
    ) throws(VarveError) {
        let isThere = (values[owner] ?? []).contains { value in
            if case .tensor = value.content { value.key == key } else { false }
        }
        guard !isThere else {
            throw VarveError(.unsupported, "two parameters of one name have a \(key)", tensor: owner)
        }
        add(OptimizerValue(key: key, content: .tensor(tensorIndex)), of: owner, in: optimizer)
    }

    mutating func add(_ value: OptimizerValue, of owner: String, in optimizer: String) {
        if values[owner] == nil {
            owners.append(owner)
            optimizerOf[owner] = optimizer
        }
        values[owner, default: []].append(value)
    }

    /// Settings that hold for all parameters.
    mutating func setGroups(_ hyperparameters: Hyperparameters?) {
        guard let hyperparameters, groups.isEmpty else { return }
        groups = [("", Settings(hyperparameters: hyperparameters))]
    }

    /// A param group and the parameters in it.
    mutating func addGroup(_ hyperparameters: Hyperparameters, weightDecay: Double?, members: [String]) {
        groups.append(("", Settings(hyperparameters: hyperparameters, weightDecay: weightDecay, members: members)))
    }

    /// Numbers among the states, and what the param groups say.
    mutating func addObjects(of folder: DCPFolder) throws(VarveError) {
        for (name, slice) in folder.metadata.objects {
            let words = name.split(separator: ".", omittingEmptySubsequences: false)
            guard StateName.optimizerWord(words) != nil else { continue }
            if let state = StateName(name) {
                if let value = try folder.object(slice, name).flatMap({ Self.number($0) }) {
                    add(OptimizerValue(key: state.key, content: .number(value)), of: state.owner, in: state.optimizer)
                }
                continue
            }
            guard let at = words.firstIndex(of: "param_groups"), words.count > at + 2, let last = words.last,
                Self.settings.contains(String(last))
            else { continue }
            let group = words[(at + 1)..<(words.count - 1)].joined(separator: ".")
            guard let object = try folder.object(slice, name) else { continue }
            set(String(last), object, group)
        }
    }

    private static let settings: Set<String> = ["lr", "betas", "eps", "weight_decay", "momentum", "alpha", "params"]

    private mutating func set(_ key: String, _ object: TensorFile, _ group: String) {
        let index = groupIndex[group] ?? groups.count
        if index == groups.count {
            groups.append((group, Settings()))
            groupIndex[group] = index
        }
        var settings = groups[index].settings
        switch key {
        case "lr": settings.hyperparameters.learningRate = Self.number(object)
        case "eps": settings.hyperparameters.epsilon = Self.number(object)
        case "weight_decay": settings.weightDecay = Self.number(object)
        case "momentum": settings.hyperparameters.beta1 = settings.hyperparameters.beta1 ?? Self.number(object)
        case "alpha": settings.hyperparameters.beta2 = settings.hyperparameters.beta2 ?? Self.number(object)
        case "betas":
            if let tree = object.tree, let pair = tree.elements(tree.root), pair.count >= 2 {
                settings.hyperparameters.beta1 = tree.number(pair[0])
                settings.hyperparameters.beta2 = tree.number(pair[1])
            }
        default:
            if let tree = object.tree, let names = tree.elements(tree.root) {
                settings.members = names.compactMap { tree.string($0) }
            }
        }
        groups[index].settings = settings
    }

    /// The number that a torch file holds, as such or as a tensor of one element.
    private static func number(_ object: TensorFile) -> Double? {
        guard let tree = object.tree else { return nil }
        if let number = tree.number(tree.root) { return number }
        guard object.tensors.count == 1, object.tensors[0].count == 1 else { return nil }
        return (try? TensorSampler.values(of: 0, in: object, runs: [0..<1]))?.first.map { Double($0) }
    }

    /// The optimizers with their groups; parameters that no group names stand in the last one.
    func optimizers(file: Int, tensor: (TensorIndex) -> StoredTensor) -> [OptimizerState] {
        guard !owners.isEmpty else { return [] }
        var slots: [String: OptimizerSlot] = [:]
        for owner in owners {
            let root = (number == 0 ? "" : "\(number):") + (optimizerOf[owner] ?? "")
            var slot = OptimizerSlot(givenName: owner, statePath: "\(root).state.\(owner)")
            slot.hasState = true
            StateRoles.assign(values[owner] ?? [], to: &slot, tensor: tensor)
            slots[owner] = slot
        }
        var result: [OptimizerGroup] = []
        var used: Set<String> = []
        for (name, settings) in groups {
            let members = settings.members ?? (slots[name] == nil ? nil : [name])
            guard let members else { continue }
            let own = members.filter { slots[$0] != nil && used.insert($0).inserted }
            result.append(
                OptimizerGroup(
                    hyperparameters: settings.hyperparameters, weightDecay: settings.weightDecay,
                    slots: own.compactMap { slots[$0] }))
        }
        let left = owners.filter { !used.contains($0) }
        if !left.isEmpty {
            let settings = groups.first { $0.settings.members == nil && slots[$0.name] == nil }?.settings
            result.append(
                OptimizerGroup(
                    hyperparameters: settings?.hyperparameters ?? Hyperparameters(), weightDecay: settings?.weightDecay,
                    slots: left.compactMap { slots[$0] }))
        }
        return [OptimizerState(file: file, path: [], groups: result)]
    }
}
