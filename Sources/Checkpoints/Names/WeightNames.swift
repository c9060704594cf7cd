import FileSystem
import TensorFiles

/// Gives the tensors of all state dicts of a step their names.
enum WeightNames {
    /// Last keys of the path of a step's main state dict, most telling first.
    private static let mainKeys = [
        "model", "state_dict", "model_state_dict", "model_state", "module", "net", "network", "net_state_dict",
        "params",
        "weights",
    ]
    private static let shadowWords: Set<String> = [
        "ema", "shadow", "swa", "teacher", "averaged", "best", "target", "old",
    ]

    /// Whether a path names a copy that follows the trained weights.
    static func isShadow(_ path: [String]) -> Bool {
        path.contains { key in
            NameToken.split(key).contains { $0.kind == .letters && shadowWords.contains($0.text) }
        }
    }

    /// The dict whose names stand without a prefix.
    static func mainDictionary(_ dictionaries: [StateDict], _ tensors: StepTensors) -> Int {
        func rank(_ index: Int) -> (Int, Int, Int, Int) {
            let dictionary = dictionaries[index]
            let file = Paths.split(tensors.path(dictionary.file)).name
            let shadow = isShadow(dictionary.path) || isShadow([StepName.stem(file)]) ? 1 : 0
            let key = dictionary.path.last?.lowercased()
            let position = dictionary.path.isEmpty ? 0 : key.flatMap { mainKeys.firstIndex(of: $0) } ?? mainKeys.count
            return (shadow, position, -bytes(dictionary, tensors), index)
        }
        return dictionaries.indices.min { rank($0) < rank($1) } ?? 0
    }

    private static func bytes(_ dictionary: StateDict, _ tensors: StepTensors) -> Int {
        dictionary.entries.reduce(0) { sum, entry in
            sum &+ (tensors.file(entry.tensorIndex.file)?.tensors[entry.tensorIndex.tensor].byteCount ?? 0)
        }
    }

    /// All weights of a step, in file order.
    static func weights(_ dictionaries: [StateDict], _ tensors: StepTensors) -> [Weight] {
        let main = mainDictionary(dictionaries, tensors)
        var used: Set<String> = []
        var weights: [Weight] = []
        var storages: [StorageKey: Int] = [:]
        // The main dict's names come first where two would be the same.
        if dictionaries.indices.contains(main) { used.formUnion(dictionaries[main].entries.map(\.name)) }
        for (index, dictionary) in dictionaries.enumerated() {
            let prefix = index == main ? "" : prefix(dictionary, dictionaries[main], tensors)
            for entry in dictionary.entries {
                guard let file = tensors.file(entry.tensorIndex.file) else { continue }
                let tensor = file.tensors[entry.tensorIndex.tensor]
                var name = prefix + entry.name
                if index != main {
                    var number = 2
                    while !used.insert(name).inserted {
                        name = "\(prefix)\(entry.name)#\(number)"
                        number += 1
                    }
                }
                let key = StorageKey(entry.tensorIndex.file, tensor, file)
                let original = storages[key] ?? weights.count
                if storages[key] == nil, tensor.count > 0 { storages[key] = weights.count }
                weights.append(
                    Weight(
                        name: name, ownName: entry.name, tensorIndex: entry.tensorIndex, tensor: tensor,
                        dictionary: index,
                        original: original, isOrdered: file.container != .safetensors,
                        isBuffer: entry.isBuffer ?? BufferNames.contains(entry.name, tensor)))
            }
        }
        return weights
    }

    private static func prefix(_ dictionary: StateDict, _ main: StateDict, _ tensors: StepTensors) -> String {
        var parts = dictionary.path
        if dictionary.file != main.file {
            parts.insert(seriesName(Paths.split(tensors.path(dictionary.file)).name), at: 0)
        }
        return parts.filter { !$0.isEmpty }.map { $0 + "." }.joined()
    }

    /// A file's name without endings and step number, the same in every step: `netD_20.pth` is `netD`.
    private static func seriesName(_ name: String) -> String {
        var stem = StepName.stem(name)
        if let number = StepName(name)?.number {
            var runs = stem.split { !$0.isASCII || !$0.isNumber }
            runs.removeAll { Int($0) != number }
            if let run = runs.last { stem.removeSubrange(run.startIndex..<run.endIndex) }
        }
        return stem.trimming("-_. =")
    }

    private struct StorageKey: Hashable {
        var file: Int
        var storage: Int
        var offset: Int
        var shape: [Int]
        var strides: [Int]
        init(_ file: Int, _ tensor: StoredTensor, _ opened: TensorFile) {
            self.file = file
            storage = tensor.storage
            offset = tensor.elementOffset
            shape = tensor.shape
            strides = tensor.strides
        }
    }
}

extension StringProtocol {
    /// Without such characters at both ends.
    package func trimmed(where isLeftOut: (Character) -> Bool) -> String {
        var text = self[...].drop(while: isLeftOut)
        while let last = text.last, isLeftOut(last) { text.removeLast() }
        return String(text)
    }

    /// Without the given characters at both ends.
    func trimming(_ characters: String) -> String { trimmed { characters.contains($0) } }
}
