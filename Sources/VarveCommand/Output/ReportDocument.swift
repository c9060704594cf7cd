import Varve

/// The JSON document of `varve report`.
struct ReportDocument: Encodable {
    struct Step: Encodable {
        var step: Int
        var checkpoint: String
        var keyframe: Bool
        var method: String
        var originalBytes: UInt64
        var storedBytes: UInt64
        var ratio: Double
        var roles: [Report.Category: Report.Figures]
        var tensors: [Tensor]?
        var files: [File]?
        var notes: [String]
        var kept: KeptChange
        var restoreCost: Double?
        var pinned: Bool
        var moments: Bool
    }

    /// A step that was forgotten and is still on disk.
    struct Forgotten: Encodable {
        var step: Int
        var storedBytes: UInt64
    }

    struct Tensor: Encodable {
        var name: String
        var role: String
        var key: String
        var dtype: String
        var shape: [Int]
        var file: String
        var coding: String
        var exact: Bool
        var pairing: String
        var originalBytes: UInt64
        var storedBytes: UInt64
        var ratio: Double
        var prunedShare: Double
        var squaredError: Double
        var relativeSquaredError: Double
        var maxAbsoluteError: Double
    }

    struct File: Encodable {
        var path: String
        var originalBytes: UInt64
        var storedBytes: UInt64
        var ratio: Double
        var payloadBytes: UInt64
        var storedPayloadBytes: UInt64
        var prunedShare: Double
        var relativeSquaredError: Double
    }

    struct Layer: Encodable {
        var layer: String
        var figures: Report.Figures
        /// Squared error over squared change of the layer's weights alone.
        var weightError: Double?
    }

    var steps: [Step]
    var layers: [Layer]?
    var roles: [Report.Category: Report.Figures]
    var chain: Report.Figures
    var keyframes: Report.Figures
    var total: Report.Figures
    var forgotten: [Forgotten]
    var replaced: [Forgotten]
}

extension Report {
    /// Forgotten steps on disk, ascending.
    var forgottenSteps: [ReportDocument.Forgotten] { Self.sorted(forgotten) }

    /// Steps of which a version was replaced and is on disk, ascending.
    var replacedSteps: [ReportDocument.Forgotten] { Self.sorted(replaced) }

    private static func sorted(_ bytes: [Int: UInt64]) -> [ReportDocument.Forgotten] {
        bytes.sorted { $0.key < $1.key }.map { .init(step: $0.key, storedBytes: $0.value) }
    }
}

extension GroupedReport {
    /// Steps and totals always; tensors, files or layers where they are asked for.
    var document: ReportDocument {
        ReportDocument(
            steps: report.steps.map { step in
                ReportDocument.Step(
                    step: step.number, checkpoint: step.path, keyframe: step.isKeyframe, method: step.method,
                    originalBytes: step.total.originalBytes, storedBytes: step.total.storedBytes,
                    ratio: step.total.ratio,
                    roles: step.roles,
                    tensors: grouping == .tensor ? step.tensors.map(ReportDocument.Tensor.init) : nil,
                    files: grouping == .file ? step.files.map(ReportDocument.File.init) : nil, notes: step.notes,
                    kept: step.kept, restoreCost: step.restoreCost,
                    pinned: step.isPinned, moments: !step.lacksMoments)
            },
            layers: grouping == .layer
                ? rows.map { .init(layer: $0.name, figures: $0.figures, weightError: $0.error) } : nil,
            roles: report.roles, chain: report.chain, keyframes: report.keyframes, total: report.total,
            forgotten: report.forgottenSteps, replaced: report.replacedSteps)
    }
}

extension ReportDocument.Tensor {
    init(_ tensor: Report.Tensor) {
        self.init(
            name: tensor.name, role: tensor.role.rawValue, key: tensor.key, dtype: tensor.dtype.rawValue,
            shape: tensor.shape, file: tensor.file, coding: tensor.coding.rawValue, exact: tensor.isExact,
            pairing: tensor.pairing.rawValue,
            originalBytes: tensor.figures.originalBytes, storedBytes: tensor.figures.storedBytes,
            ratio: tensor.figures.ratio, prunedShare: tensor.figures.prunedShare,
            squaredError: tensor.figures.squaredError, relativeSquaredError: tensor.figures.relativeSquaredError,
            maxAbsoluteError: tensor.figures.largestError)
    }
}

extension ReportDocument.File {
    init(_ file: Report.File) {
        self.init(
            path: file.path, originalBytes: file.figures.originalBytes, storedBytes: file.figures.storedBytes,
            ratio: file.figures.ratio, payloadBytes: file.payloadBytes, storedPayloadBytes: file.storedPayloadBytes,
            prunedShare: file.figures.prunedShare, relativeSquaredError: file.figures.relativeSquaredError)
    }
}
