import ChainArchive
import TensorCodecs
import FileSystem

/// Which tensors follow a weight instead of being coded on their own.
extension StepPlanner {
    /// Gives copies to the weights that they are copies of.
    ///
    /// Of several names of the same values the member is the one with moments, else the one whose optimizer state proves that
    /// it is trained, else the first.
    /// - Returns: the parameters, without those that are copies, and the exact tensors that are none.
    static func withCopies(
        _ parameters: [PlannedParameter], _ exact: [PlannedTensor]
    ) throws(VarveError) -> (parameters: [PlannedParameter], exact: [PlannedTensor]) {
        let others = exact.map { mayFollow($0) }
        let order = parameters.indices.sorted { (rank(parameters[$0]), $0) < (rank(parameters[$1]), $1) }
        var result = parameters, search = CopySearch(), isCopy = Set<Int>()
        let shared = sharedSizes(parameters, exact, others)
        for index in order where shared.contains(parameters[index].count) {
            let parameter = parameters[index]
            if !parameter.hasMoments, let member = try search.weight(of: parameter.weight) {
                result[member].copies += [parameter.weight] + parameter.copies
                isCopy.insert(index)
            } else {
                try search.add(parameter.weight, position: index)
            }
        }
        var rest: [PlannedTensor] = []
        for (tensor, mayFollow) in zip(exact, others) {
            if mayFollow, shared.contains(tensor.count), let member = try search.weight(of: tensor) {
                result[member].copies.append(tensor)
            } else {
                rest.append(tensor)
            }
        }
        return (result.indices.filter { !isCopy.contains($0) }.map { result[$0] }, rest)
    }

    /// Sizes that a weight shares with something that could be its copy: only those need a look.
    private static func sharedSizes(
        _ parameters: [PlannedParameter], _ exact: [PlannedTensor], _ mayFollow: [Bool]
    ) -> Set<Int> {
        var weights: [Int: Int] = [:], followers = Set<Int>()
        for parameter in parameters {
            weights[parameter.count, default: 0] += 1
            if !parameter.hasMoments { followers.insert(parameter.count) }
        }
        var result = followers.filter { weights[$0, default: 0] > 1 }
        for (tensor, mayFollow) in zip(exact, mayFollow) where mayFollow && weights[tensor.count] != nil {
            result.insert(tensor.count)
        }
        return result
    }

    private static func rank(_ parameter: PlannedParameter) -> Int {
        parameter.hasMoments ? 0 : parameter.isProven ? 1 : 2
    }

    /// Whether an exact tensor can be a copy: no moment is.
    private static func mayFollow(_ tensor: PlannedTensor) -> Bool {
        switch tensor.identity.role {
        case .weight, .other: CopySearch.isCandidate(tensor)
        case .firstMoment, .secondMoment: false
        }
    }
}
