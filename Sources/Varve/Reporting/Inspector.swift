import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Shows what Varve understands of a run or checkpoint.
public struct Inspector: Sendable {
    /// The run's directory, or a single checkpoint.
    public let path: String
    /// Whether every tensor is hashed.
    public var hashes: Bool

    /// - Parameters:
    ///   - path: the run's directory, or a single checkpoint.
    ///   - hashes: whether every tensor is hashed. All of it is read then.
    public init(path: String, hashes: Bool = false) {
        self.path = path
        self.hashes = hashes
    }

    /// Reads the run. Checkpoints that cannot be read are listed as skipped.
    /// - Throws: `.notFound`, `.usage` (nothing like a checkpoint), `.inputOutput`.
    public func inspect() throws(VarveError) -> Inspection {
        let run = try Run.discover(path)
        var result = Inspection(
            run: run.root, steps: [], skipped: [],
            aliases: run.aliases.map { .init(path: $0.entry.path, original: $0.original, kind: "\($0.kind)") },
            extras: run.extras.map(\.path), warnings: run.warnings)
        for skipped in run.skipped {
            result.skipped.append(.init(path: skipped.path, reason: skipped.reason.description))
        }
        let pairs = try run.pairs()
        for step in run.steps {
            do throws(VarveError) {
                result.steps.append(
                    try inspect(try run.contents(of: step, pairs: pairs), correlations: pairs.correlations))
            } catch  where error.code != .interrupted {
                result.skipped.append(.init(path: step.path, reason: error.description))
            }
        }
        return result
    }

    private func inspect(
        _ contents: StepContents, correlations: [String: Double]
    ) throws(VarveError) -> Inspection.Step {
        var parameters: [Inspection.Parameter] = []
        for parameter in contents.parameters {
            var item = try inspect(parameter, contents)
            // Decided for the whole run before its steps were read one by one: say on what ground.
            if case .inherited = parameter.pairing, let path = parameter.statePath {
                item.correlation = correlations[path]
                item.pairing = (item.correlation == nil ? Report.Pairing.order : .data).rawValue
            }
            parameters.append(item)
        }
        return Inspection.Step(
            step: contents.step.number, isEpoch: contents.step.isEpoch, checkpoint: contents.step.path,
            parameters: parameters,
            files: contents.files.map {
                .init(
                    path: $0.path, bytes: $0.source.byteCount, container: $0.tensorFile?.container.rawValue ?? "other",
                    tensors: $0.tensorFile?.tensors.count ?? 0)
            },
            pieces: contents.assembly.flatMap { .init($0, layout: contents.framework) },
            warnings: contents.warnings + unread(contents))
    }

    /// Says so where a layout was recognised and nothing of it was read, and nothing else says why.
    private func unread(_ contents: StepContents) -> [String] {
        guard contents.parameters.isEmpty, contents.unreadPieces == nil else { return [] }
        return ["no tensors are read from this layout (\(contents.layout)): its files are kept exactly"]
    }

    private func inspect(_ parameter: Parameter, _ contents: StepContents) throws(VarveError) -> Inspection.Parameter {
        let weight = try tensor(parameter.weight, contents)
        let first = try tensor(parameter.firstMoment, contents)
        let second = try tensor(parameter.secondMoment, contents)
        var other: [String: Inspection.Other] = [:]
        for value in parameter.other {
            switch value.content {
            case .number(let number):
                other[value.key] = .init(value: number)
            case .tensor(let tensorIndex):
                if let tensor = try tensor(tensorIndex, contents) {
                    other[value.key] = .init(dtype: tensor.dtype, shape: tensor.shape, sha256: tensor.sha256)
                }
            }
        }
        let main = weight ?? first ?? second
        var correlation: Double?
        if case .data(let value) = parameter.pairing { correlation = value }
        return Inspection.Parameter(
            name: parameter.name, shape: main?.shape ?? [], dtype: main?.dtype ?? "", weight: weight,
            firstMoment: first, secondMoment: second, other: other.isEmpty ? nil : other,
            buffer: parameter.isBuffer ? true : nil, pairing: Report.Pairing(PairingNote(parameter.pairing)).rawValue,
            correlation: correlation)
    }

    private func tensor(_ tensorIndex: TensorIndex?, _ contents: StepContents) throws(VarveError) -> Inspection
        .Tensor?
    {
        guard let tensorIndex, let (file, tensor) = contents.tensor(tensorIndex) else { return nil }
        var result = Inspection.Tensor(
            dtype: tensor.dtype.rawValue, shape: tensor.shape, file: contents.path(of: tensorIndex))
        if hashes {
            var hash = SHA256()
            try file.forEachContiguousBlock(of: tensor, blockBytes: 1 << 20) { bytes in
                hash.update(bytes)
            }
            result.sha256 = hash.finalize()
        }
        return result
    }
}
