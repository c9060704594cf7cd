import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Which tensors of a step are exported, under which names.
///
/// Weights are what the model's own state dicts hold, in their type: buffers, scalars and further names of tied weights as
/// well. The float32 master of a half-precision weight is the optimizer's.
struct StepExport {
    private(set) var weights: [ExportedTensor] = []
    private(set) var states: [ExportedTensor] = []
    /// What a user should hear.
    private(set) var notices: [String] = []

    private let contents: StepContents
    private let weightIndices: Set<TensorIndex>
    /// Optimizer states without a weight.
    private var untied = 0

    /// - Parameter names: only tensors that one of them fits; none for all.
    /// - Throws: `.unsupported` where the weights are not known by name, two tensors have one name, or safetensors cannot
    ///   hold one; `.usage` where a name fits none.
    init(
        _ contents: StepContents, _ manifest: StepManifest, _ records: FileRanges<Int>, entryOfFile: [Int],
        onlyWeights: Bool, names: [NamePattern] = []
    ) throws(VarveError) {
        self.contents = contents
        weightIndices = Set(contents.parameters.compactMap(\.weight))
        if let reason = contents.unreadPieces {
            throw VarveError(.unsupported, "its tensors lie in pieces that are not put together: \(reason)")
        }
        let masters = masters(manifest, records, entryOfFile)
        for parameter in contents.parameters {
            weights += exported(parameter.name, parameter.weight)
            guard !onlyWeights else { continue }
            let owner = owner(of: parameter, manifest, records, entryOfFile)
            addStates(of: parameter, owner: owner)
            if let master = masters[parameter.name] { addMaster(master, of: parameter) }
            if parameter.weight == nil, owner == parameter.name { untied += 1 }
        }
        guard !weights.isEmpty else {
            throw VarveError(.unsupported, "no weights by name are known of a checkpoint of this kind")
        }
        // Who names tensors knows that there are others.
        if names.isEmpty { addNotices(masters) } else { try keep(names, of: manifest.number) }
        try check(weights)
        try check(states)
    }

    private mutating func keep(_ names: [NamePattern], of step: Int) throws(VarveError) {
        for name in names where !(weights + states).contains(where: { name.matches($0.name) }) {
            throw VarveError(.usage, "step \(StepVersion.number(step)) has no such tensor", tensor: name.text)
        }
        func isWanted(_ tensor: ExportedTensor) -> Bool { names.contains { $0.matches(tensor.name) } }
        weights = weights.filter(isWanted)
        states = states.filter(isWanted)
    }

    private func exported(_ name: String, _ index: TensorIndex?) -> [ExportedTensor] {
        guard let index, let (_, tensor) = contents.tensor(index) else { return [] }
        return [ExportedTensor(name, index, tensor)]
    }

    /// The weight that the step's records tie a parameter's optimizer state to: data may have told, which are not at hand.
    private func owner(
        of parameter: Parameter, _ manifest: StepManifest, _ records: FileRanges<Int>, _ entryOfFile: [Int]
    ) -> String {
        for index in parameter.stateTensors {
            guard let (file, range) = contents.fileRanges(index).first,
                let found = records.overlapping(range, file: entryOfFile[file]).first, found.range == range
            else { continue }
            let record = manifest.tensors[found.value]
            switch record.role {
            case .firstMoment, .secondMoment: return record.name
            case .other where !record.key.isEmpty: return record.name
            case .other, .weight: continue
            }
        }
        return parameter.name
    }

    private mutating func addStates(of parameter: Parameter, owner: String) {
        states += exported("\(owner).\(parameter.momentKeys.first)", parameter.firstMoment)
        states += exported("\(owner).\(parameter.momentKeys.second)", parameter.secondMoment)
        for value in parameter.other {
            switch value.content {
            case .tensor(let index): states += exported("\(owner).\(value.key)", index)
            case .number(let number): states.append(ExportedTensor("\(owner).\(value.key)", number))
            }
        }
    }

    /// One that has no other name among what is exported.
    private mutating func addMaster(_ master: TensorIndex, of parameter: Parameter) {
        guard !parameter.stateTensors.contains(master), !weightIndices.contains(master) else { return }
        states += exported("\(parameter.name).\(Self.masterKey)", master)
    }

    /// What masters are called whatever a framework calls them, as those are that a reader of shards found.
    private static let masterKey = "fp32_master"

    /// The float32 masters that were found by their values when the step was compressed, by the weight's name.
    private func masters(
        _ manifest: StepManifest, _ records: FileRanges<Int>, _ entryOfFile: [Int]
    ) -> [String: TensorIndex] {
        var masterOf: [String: Int] = [:], copies = Set<String>()
        for (index, record) in manifest.tensors.enumerated() where record.role == .weight {
            if record.key.isEmpty { masterOf[record.name] = index }
            if record.key == TensorIdentity.modelCopyKey { copies.insert(record.name) }
        }
        guard !copies.isEmpty else { return [:] }
        var tensorOf: [Int: TensorIndex] = [:]
        for (file, stepFile) in contents.files.enumerated() {
            guard let tensorFile = stepFile.tensorFile else { continue }
            for (number, tensor) in tensorFile.tensors.enumerated() where tensor.dtype == .f32 {
                guard let range = tensorFile.byteRange(of: tensor),
                    let found = records.overlapping(range, file: entryOfFile[file]).first, found.range == range,
                    // A piece of a tensor is none; readers of shards say what are masters.
                    manifest.tensors[found.value].pieces.run != nil
                else { continue }
                tensorOf[found.value] = tensorOf[found.value] ?? TensorIndex(file: file, tensor: number)
            }
        }
        var result: [String: TensorIndex] = [:]
        for name in copies { result[name] = masterOf[name].flatMap { tensorOf[$0] } }
        return result
    }

    private func check(_ tensors: [ExportedTensor]) throws(VarveError) {
        // Names are compared byte by byte; Swift's strings are equal under canonical equivalence.
        var names = Set<[UInt8]>(), total = 0
        for tensor in tensors {
            guard tensor.name != "__metadata__", names.insert(Array(tensor.name.utf8)).inserted else {
                throw VarveError(.unsupported, "two tensors have this name", tensor: tensor.name)
            }
            try tensor.checkForm()
            // Views that repeat their elements can be of any size.
            let (sum, overflow) = total.addingReportingOverflow(tensor.byteCount)
            guard !overflow, sum < 1 << 60 else {
                throw VarveError(.unsupported, "impossibly large tensors", tensor: tensor.name)
            }
            total = sum
        }
    }

    // MARK: What is left out

    private mutating func addNotices(_ masters: [String: TensorIndex]) {
        if untied > 0 {
            notices.append(
                "\(untied) optimizer states are tied to no weight; they are exported under their place in the optimizer"
            )
        }
        let strangers = strangers(masters)
        guard !strangers.isEmpty else { return }
        let names = strangers.prefix(3).joined(separator: ", ") + (strangers.count > 3 ? ", ..." : "")
        notices.append(
            "\(strangers.count) tensors are neither a weight of the model nor optimizer state, and are left out: \(names)"
        )
    }

    /// Tensors of the files of which nothing is exported: generator states, averages that a script keeps in a list.
    private func strangers(_ masters: [String: TensorIndex]) -> [String] {
        var taken = [[Range<UInt64>]](repeating: [], count: contents.files.count)
        func take(_ index: TensorIndex?) {
            guard let index else { return }
            for (file, range) in contents.fileRanges(index, withReplicas: true) { taken[file].append(range) }
        }
        for tensor in weights + states {
            if case .stored(let index, _) = tensor.source { take(index) }
        }
        // They are known, though only weights may be asked for.
        for parameter in contents.parameters {
            take(masters[parameter.name])
            for index in parameter.stateTensors { take(index) }
        }
        let known = FileRanges<Void>(taken: taken)
        var result: [String] = []
        for (file, stepFile) in contents.files.enumerated() {
            for (number, tensor) in (stepFile.tensorFile?.tensors ?? []).enumerated() where tensor.count > 0 {
                let isKnown = contents.fileRanges(TensorIndex(file: file, tensor: number)).contains {
                    !known.overlapping($0.range, file: $0.file).isEmpty
                }
                if !isKnown { result.append(tensor.name) }
            }
        }
        return result
    }
}

extension Parameter {
    /// The tensors that the optimizer keeps for it.
    fileprivate var stateTensors: [TensorIndex] {
        [firstMoment, secondMoment].compactMap { $0 }
            + other.compactMap { value in
                if case .tensor(let index) = value.content { index } else { nil }
            }
    }
}
