import TensorFiles

/// DeepSpeed: `global_stepN/` with model and optimizer states per rank, named by the file `latest`. Not understood yet.
enum DeepSpeedLayout: Layout {
    static let title = "DeepSpeed"

    static func owns(_ path: String) -> Bool {
        path.hasSuffix("_model_states.pt") || path.hasSuffix("_optim_states.pt")
    }

    static func recognizes(_ shape: StepShape) -> Bool { shape.top.contains { owns($0) } }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        if !directory.top.contains(where: { $0.hasSuffix("_model_states.pt") }) {
            return VarveError(.incomplete, "no model states among the files")
        }
        // Every rank writes as many files in each checkpoint.
        let most = siblings.map { $0.top.filter { owns($0) }.count }.max() ?? 0
        let count = directory.top.filter { owns($0) }.count
        guard count >= most else {
            return VarveError(.incomplete, "\(count) of \(most) states are there: some ranks have not written theirs")
        }
        return nil
    }
}
