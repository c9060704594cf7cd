import Foundation
import FileSystem

/// The Trainer's `trainer_state.json`.
enum TrainerState {
    static let file = "trainer_state.json"

    private struct State: Decodable {
        var global_step: Int?
    }

    /// `global_step`, `nil` where the file is missing or says nothing.
    static func step(in folder: CheckpointFolder) -> Int? {
        guard folder.isRegular(file), let bytes = try? SmallFile.read(folder.absolute(file)),
            let state = try? JSONDecoder().decode(State.self, from: Data(bytes))
        else { return nil }
        return state.global_step.flatMap { $0 >= 0 ? $0 : nil }
    }
}
