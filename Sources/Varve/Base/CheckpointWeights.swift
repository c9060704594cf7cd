import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem
import TensorFiles

/// The weights of a checkpoint outside of the archive, for `--base`.
struct CheckpointWeights: BaseWeights {
    private struct Location: Sendable {
        var source: any ByteSource
        var range: Range<UInt64>
        var dtype: DType
        var shape: [Int]
    }

    /// What names it, for people and for a later restore.
    let name: String
    private var files: [InputFile] = []
    private var locations: [String: Location] = [:]

    /// - Parameter name: a checkpoint or model (directory or file), of a run the first step; or a model's name that the local
    ///   hub cache has.
    /// - Throws: `.notFound` where it is neither; `.usage` where nothing in it has weights; what reading it throws.
    init(_ name: String) throws(VarveError) { try self.init(BaseLocation(name)) }

    init(_ location: BaseLocation) throws(VarveError) {
        name = location.name
        let contents = try location.contents()
        for parameter in contents.parameters {
            guard let tensorIndex = parameter.weight, let (file, tensor) = contents.tensor(tensorIndex),
                let range = file.byteRange(of: tensor), !range.isEmpty, locations[parameter.name] == nil
            else { continue }
            locations[parameter.name] = Location(
                source: file.source, range: range, dtype: tensor.dtype, shape: tensor.shape)
        }
        files = contents.files.map(\.source)
        guard !locations.isEmpty else { throw VarveError(.usage, "no weights in it", file: location.path) }
    }

    /// The same weights under the names that a step has for them.
    func named(for contents: StepContents) -> CheckpointWeights {
        let run = Set(contents.parameters.compactMap { $0.weight == nil ? nil : $0.name })
        return renamed(BasePrefix(run: run, base: Set(locations.keys)))
    }

    /// What is said of a step that is compressed on these weights; `self` has the step's names.
    func note(for contents: StepContents) -> String {
        let isOfUse = contents.parameters.contains { parameter in
            guard let tensorIndex = parameter.weight, let tensor = contents.tensor(tensorIndex)?.tensor else {
                return false
            }
            return hasForm(parameter.name, dtype: tensor.dtype, shape: tensor.shape)
        }
        return isOfUse
            ? BaseNote.text(name)
            : "no weight of \(name) has the name, the type and the shape of one of this step: nothing is built on it"
    }

    func named(_ recorded: Set<String>) -> any BaseWeights {
        renamed(BasePrefix(recorded: recorded, base: Set(locations.keys)))
    }

    private func renamed(_ prefix: BasePrefix) -> CheckpointWeights {
        guard prefix != .none else { return self }
        var copy = self
        copy.locations = [:]
        for (name, location) in locations {
            if let name = prefix.name(name) { copy.locations[name] = location }
        }
        return copy
    }

    func weight(_ name: String) throws(VarveError) -> [UInt8]? {
        guard let location = locations[name] else { return nil }
        return try location.source.bytes(at: location.range.lowerBound, count: location.range.count)
    }

    /// The values of runs of elements; `nil` where there is no weight of that name, type and shape, or of no type of float.
    func sample(_ name: String, dtype: DType, shape: [Int], runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        guard hasForm(name, dtype: dtype, shape: shape), let location = locations[name], let format = dtype.floatFormat
        else {
            return nil
        }
        var values: [Float] = []
        for run in runs {
            let bytes = try location.source.bytes(
                at: location.range.lowerBound + UInt64(run.lowerBound * format.elementSize),
                count: run.count * format.elementSize)
            values += format.floats(bytes)
        }
        return values
    }

    func hasForm(_ name: String, dtype: DType, shape: [Int]) -> Bool {
        locations[name].map { $0.dtype == dtype && $0.shape == shape } ?? false
    }

    /// - Throws: `.usage` where one of its files is not what it was when it was opened.
    func checkUnchanged() throws(VarveError) {
        for file in files {
            do throws(VarveError) {
                try file.checkUnchanged()
            } catch {
                throw VarveError(.usage, "the base changed while it was used", file: file.name, cause: error)
            }
        }
    }

    /// The hash of every weight's bytes; for a worker of several, of those that are its own.
    func hashes(of share: PartShare? = nil) throws(VarveError) -> [String: Hash128] {
        var names = locations.sorted { ($1.value.range.count, $0.key) < ($0.value.range.count, $1.key) }.map(\.key)
        if let share { names = names.enumerated().filter { $0.offset % share.count == share.index }.map(\.element) }
        var result: [String: Hash128] = [:]
        for name in names {
            if let bytes = try weight(name) { result[name] = Hash128(bytes) }
        }
        return result
    }
}
