/// The library's names for what a user can change, in the words of the command.
///
/// Messages of the library name Swift properties and methods in backticks: `overwrite`, `base = gpt2`,
/// `Archive.unpin(200)`. `Terminal` writes the command's options in their place.
enum OptionNames {
    /// Options and commands by the library's name for them. Of `#` stands the value in parentheses.
    static let known = [
        "base": "--base",
        "extras": "--extra",
        "format": "--as",
        "keepEvery": "--keep-every",
        "keepLast": "--keep-last",
        "keyframeInterval": "--keyframe-every",
        "memory": "--memory",
        "momentsOnly": "--moments-only",
        "names": "--only",
        "onlyWeights": "--only weights",
        "overwrite": "--overwrite",
        "removal": "--remove-source",
        "replaces": "--replace",
        "shardBytes": "--shard-size",
        "state": "--state",
        "stepSize": "--step-size",
        "steps": "--steps",
        "targetRatio": "--target-ratio",
        "Archive.commit": "`varve commit`",
        "Archive.discardParts": "`varve commit --discard`",
        "Archive.prune": "`varve prune`",
        "Archive.repair": "`varve repair`",
        "Archive.steps": "`varve list`",
        "Archive.undoForget": "`varve forget --undo --steps #`",
        "Archive.unpin": "`varve pin --remove --steps #`",
        "BenchmarkScratch": "--scratch",
        "RestoreOptions.replaced": "`varve restore --replaced`",
        "RunDirectories.list": "--each",
    ]

    /// The text with the library's names replaced. Other words in backticks stay.
    static func translated(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "`")) else { return text }
        return text.replacing(/`([A-Za-z.]+)(?: = ([^`\n]+)|\(([0-9]+)\))?`/) { match in
            guard let option = known[String(match.1)] else { return String(match.0) }
            if let argument = match.3 { return option.replacing("#", with: argument) }
            // A case of an enum has a point before its name.
            guard let value = match.2 else { return option }
            return "\(option) \(value.hasPrefix(".") ? value.dropFirst() : value)"
        }
    }
}
