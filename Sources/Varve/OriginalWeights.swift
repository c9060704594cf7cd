import Checkpoints
import TensorFiles

/// The original weights of a step, by the names its archive has for them, read from the run's files.
struct OriginalWeights: Sendable {
    private struct Place: Sendable {
        var source: any ByteSource
        var range: Range<UInt64>
    }

    private var places: [String: Place] = [:]

    /// - Parameter contents: the step as it was planned; only its weights are kept.
    init(_ contents: StepContents) {
        for parameter in contents.parameters {
            guard let reference = parameter.weight, let (file, tensor) = contents.tensor(reference),
                let range = file.byteRange(of: tensor), places[parameter.name] == nil
            else { continue }
            places[parameter.name] = Place(source: contents.files[reference.file].source, range: range)
        }
    }

    /// The bytes of a weight in storage order; `nil` where it is not there, of another size, or cannot be read (a
    /// trainer may have removed the file: the figure that needs it is then estimated).
    func weight(_ name: String, byteCount: Int) throws(VarveError) -> [UInt8]? {
        guard let place = places[name], place.range.count == byteCount else { return nil }
        return try? place.source.bytes(at: place.range.lowerBound, count: byteCount)
    }
}
