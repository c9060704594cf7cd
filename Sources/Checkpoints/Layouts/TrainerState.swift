import FileSystem
import TensorFiles

/// The Trainer's `trainer_state.json`.
enum TrainerState {
    static let file = "trainer_state.json"

    /// `global_step`, `nil` where the file is missing or says nothing.
    static func step(in folder: CheckpointFolder) -> Int? {
        let path = folder.absolute(file)
        guard folder.isRegular(file), let bytes = try? SmallFile.read(path),
            let step = try? JSONScanner.member(
                "global_step", of: bytes, file: path, { (scanner) throws(VarveError) in try scanner.integer() })
        else { return nil }
        return step >= 0 ? step : nil
    }
}
