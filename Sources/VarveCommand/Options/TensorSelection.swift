import ArgumentParser
import Varve

/// Tensors as users name them: `weights`, patterns of names such as `model.layers.0.*`, or both with commas between.
struct TensorSelection: ExpressibleByArgument, Sendable {
    let onlyWeights: Bool
    let names: [NamePattern]

    static let help = ArgumentHelp(
        "weights, or names of tensors such as 'model.layers.0.*'; several with commas between.", valueName: "tensors")

    static let defaultCompletionKind = CompletionKind.list([keyword])

    private static let keyword = "weights"

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains("") else { return nil }
        onlyWeights = parts.contains(Self.keyword)
        names = parts.filter { $0 != Self.keyword }.map { NamePattern($0) }
    }
}
