import TensorFiles
import ChainArchive
import Checkpoints

extension OriginalWeights {
    /// - Parameter contents: the step as it was planned; only its weights are kept.
    init(_ contents: StepContents) {
        self.init()
        var names = Set<String>()
        for parameter in contents.parameters {
            guard let tensorIndex = parameter.weight, let (file, tensor) = contents.tensor(tensorIndex),
                let range = file.byteRange(of: tensor), names.insert(parameter.name).inserted
            else { continue }
            add(parameter.name, source: file.source, range: range)
        }
    }
}
