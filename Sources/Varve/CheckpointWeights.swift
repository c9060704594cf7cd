import ChainArchive
import Checkpoints
import TensorFiles

/// The weights of a checkpoint outside of the archive, for `--base`.
struct CheckpointWeights: BaseWeights {
    private struct Place: Sendable {
        var source: any ByteSource
        var range: Range<UInt64>
        var dtype: DType
        var shape: [Int]
    }

    private var files: [InputFile] = []
    private var places: [String: Place] = [:]

    /// - Parameter path: a checkpoint or model (directory or file); of a run the first step.
    /// - Throws: `.usage` where nothing in it has weights; what reading it throws.
    init(_ path: String) throws(VarveError) {
        let run = try Run.discover(path)
        guard let step = run.steps.first else {
            throw VarveError(.usage, "no checkpoint to take weights from", file: path)
        }
        let contents = try StepContents.read(step, of: run)
        for parameter in contents.parameters {
            guard let reference = parameter.weight, let (file, tensor) = contents.tensor(reference),
                let range = file.byteRange(of: tensor), !range.isEmpty, places[parameter.name] == nil
            else { continue }
            places[parameter.name] = Place(
                source: contents.files[reference.file].source, range: range, dtype: tensor.dtype, shape: tensor.shape)
        }
        files = contents.files.map(\.source)
        guard !places.isEmpty else { throw VarveError(.usage, "no weights in it", file: path) }
    }

    func weight(_ name: String) throws(VarveError) -> [UInt8]? {
        guard let place = places[name] else { return nil }
        return try place.source.bytes(at: place.range.lowerBound, count: place.range.count)
    }

    func hasForm(_ name: String, dtype: DType, shape: [Int]) -> Bool {
        places[name].map { $0.dtype == dtype && $0.shape == shape } ?? false
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

    /// The hash of every weight's bytes.
    func hashes() throws(VarveError) -> [String: Hash128] {
        var result: [String: Hash128] = [:]
        for name in places.keys {
            if let bytes = try weight(name) { result[name] = Hash128(bytes) }
        }
        return result
    }
}
