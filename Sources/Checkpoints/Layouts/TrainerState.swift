import Foundation
import FileSystem

/// The Trainer's `trainer_state.json`.
enum TrainerState {
    private struct State: Decodable {
        var global_step: Int?
    }

    /// `global_step`, `nil` where the file is missing or says nothing.
    static func step(in directory: String, _ scan: RunScan) -> Int? {
        let path = Paths.join(directory, TrainerLayout.stateFile)
        guard scan.entry(path)?.identity.kind == .regular,
            let bytes = try? SmallFile.read(scan.absolute(path)),
            let state = try? JSONDecoder().decode(State.self, from: Data(bytes))
        else { return nil }
        return state.global_step.flatMap { $0 >= 0 ? $0 : nil }
    }
}
