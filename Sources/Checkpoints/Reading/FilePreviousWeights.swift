package import FileSystem
import TensorFiles

/// The weights of a step as read from its files.
package struct FilePreviousWeights: PreviousWeights {
    private let contents: StepContents
    private let byName: [String: TensorIndex]

    package init(_ contents: StepContents) {
        self.contents = contents
        var byName: [String: TensorIndex] = [:]
        for parameter in contents.parameters {
            if let weight = parameter.weight, byName[parameter.name] == nil { byName[parameter.name] = weight }
        }
        self.byName = byName
    }

    package func sample(_ name: String, elementCount: Int, runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        guard let (index, file) = locate(name, elementCount) else { return nil }
        return try TensorSampler.values(of: index, in: file, runs: runs)
    }

    package func prefetch(_ name: String, elementCount: Int, runs: [Range<Int>]) {
        guard let (index, file) = locate(name, elementCount) else { return }
        TensorSampler.prefetch(index, in: file, runs: runs)
    }

    private func locate(_ name: String, _ elementCount: Int) -> (index: Int, file: TensorFile)? {
        guard let tensorIndex = byName[name], let (file, tensor) = contents.tensor(tensorIndex),
            tensor.count == elementCount, TensorSampler.isReadable(tensor, in: file)
        else { return nil }
        return (tensorIndex.tensor, file)
    }
}
