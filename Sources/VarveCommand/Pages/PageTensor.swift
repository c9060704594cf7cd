import Varve

/// A row of the table of tensors: one tensor, or several, over all steps.
struct PageTensor {
    let identity: PageRows.Identity
    private(set) var dtype = ""
    private(set) var shape = ""
    private(set) var codings: [String] = []
    private(set) var steps = 0
    /// Over all steps.
    private(set) var figures = Report.Figures()
    /// Of keyframes.
    private(set) var keyframes = Report.Figures()
    /// Of what was quantized in steps that build on another: in a keyframe the error is measured against something else.
    private(set) var lossy: Report.Figures?
    private var lastStep: Int?

    /// The rows of a report.
    static func all(_ report: Report, _ rows: PageRows) -> [PageTensor] {
        var tensors = rows.rows.map(PageTensor.init)
        for step in report.steps {
            for tensor in step.tensors { tensors[rows.row(of: tensor)].add(tensor, of: step, isOne: rows.isWhole) }
        }
        return tensors
    }

    private init(_ identity: PageRows.Identity) { self.identity = identity }

    private mutating func add(_ tensor: Report.Tensor, of step: Report.Step, isOne: Bool) {
        figures.add(tensor.figures)
        if step.isKeyframe { keyframes.add(tensor.figures) }
        if !step.isKeyframe, !tensor.isExact, tensor.figures.referenceEnergy.isFinite {
            lossy = lossy ?? .init()
            lossy?.add(tensor.figures)
        }
        let coding = tensor.coding.rawValue
        if !codings.contains(coding) { codings.append(coding) }
        if lastStep != step.number { steps += 1 }
        lastStep = step.number
        // As it is in the last step.
        if isOne {
            dtype = tensor.dtype.rawValue
            shape = tensor.shape.map(String.init).joined(separator: "\u{D7}")
        }
    }
}
