package import FileSystem
import TensorFiles

/// The weights of a step as read from its files.
package struct FileWeightReference: WeightReference {
    private let contents: StepContents
    private let byName: [String: TensorReference]

    package init(_ contents: StepContents) {
        self.contents = contents
        var byName: [String: TensorReference] = [:]
        for parameter in contents.parameters {
            if let weight = parameter.weight, byName[parameter.name] == nil { byName[parameter.name] = weight }
        }
        self.byName = byName
    }

    package func sample(_ name: String, elementCount: Int, runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        guard let (index, file) = place(name, elementCount) else { return nil }
        return try TensorSampler.values(of: index, in: file, runs: runs)
    }

    package func prefetch(_ name: String, elementCount: Int, runs: [Range<Int>]) {
        guard let (index, file) = place(name, elementCount) else { return }
        TensorSampler.prefetch(index, in: file, runs: runs)
    }

    private func place(_ name: String, _ elementCount: Int) -> (index: Int, file: TensorFile)? {
        guard let reference = byName[name], let (file, tensor) = contents.tensor(reference),
            tensor.count == elementCount, TensorSampler.isReadable(tensor, in: file)
        else { return nil }
        return (reference.tensor, file)
    }
}
