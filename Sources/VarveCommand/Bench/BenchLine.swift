import FoundationEssentials
import Varve

/// A line that `varve compress --json-lines` prints, as far as `varve bench` reads it.
struct BenchLine: Decodable {
    var type: String
    var step: Int?
    var checkpoint: String?
    var steps: Int?
    var bytes: UInt64?
    var originalBytes: UInt64?
    var storedBytes: UInt64?
    var seconds: Double?
    var message: String?

    private enum CodingKeys: CodingKey {
        case type, step, checkpoint, bytes, originalBytes, storedBytes, seconds, message, steps
    }

    /// `nil` where it is none.
    init?(_ text: String) {
        guard let line = try? JSONDecoder().decode(BenchLine.self, from: Data(text.utf8)) else { return nil }
        self = line
    }

    /// The event that it tells of; `done` is how many bytes earlier lines told of.
    func event(done: inout UInt64) -> ProgressEvent? {
        switch (type, step) {
        case ("begin", _):
            return .begin(steps: steps ?? 0, bytes: bytes ?? 0)
        case ("step", let step?):
            return .step(number: step, path: checkpoint ?? "")
        case ("progress", _):
            let before = done
            done = max(done, bytes ?? 0)
            return .bytes(Int(clamping: done - before))
        case ("finished", let step?):
            return .finished(number: step, original: originalBytes ?? 0, stored: storedBytes ?? 0)
        default:
            return nil
        }
    }
}
