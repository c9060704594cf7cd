/// What the name of a file or directory says about the step it belongs to.
///
/// The number after a word for step counts most (`epoch=3-step=400` is step 400), then the one after a word for
/// checkpoint (the last of several: `checkpoint_1_100`), then the one after epoch, then the last run of digits.
/// Shard and rank numbers, versions, precisions and hashes are no step.
package struct StepName: Hashable, Sendable {
    package enum Kind: Int, Sendable, Comparable {
        /// After `step`, `iter`, `update`.
        case step
        /// After `checkpoint`, `ckpt`, `model`, `weights`.
        case checkpoint
        /// After `epoch`.
        case epoch
        /// A number on its own.
        case bare
        /// A number glued to a word that means nothing here: `net100`, but also `resnet50`.
        case glued

        package static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }
    }

    package var number: Int
    package var kind: Kind

    package init(number: Int, kind: Kind) {
        self.number = number
        self.kind = kind
    }

    /// The step in a name (the last component of a path), `nil` where there is none.
    package init?(_ name: String) {
        let tokens = StepName.withoutOtherNumbers(NameToken.split(StepName.stem(name)))
        let search: [(Set<String>, Kind)] = [
            (Words.step, .step), (Words.checkpoint, .checkpoint), (Words.epoch, .epoch),
        ]
        for (words, kind) in search {
            for index in tokens.indices.reversed() where tokens[index].kind == .letters {
                let word = tokens[index].text
                guard words.contains(word) || kind == .step && word.hasSuffix("step") else { continue }
                let number =
                    StepName.number(after: index, in: tokens, chained: kind == .checkpoint)
                    ?? (kind == .step ? StepName.number(before: index, in: tokens) : nil)
                if let number {
                    self.init(number: number, kind: kind)
                    return
                }
            }
        }
        let digits = tokens.indices.filter { tokens[$0].kind == .digits }
        let free = digits.last { $0 == 0 || tokens[$0 - 1].kind == .other }
        guard let index = free ?? digits.last, let number = StepName.value(at: index, in: tokens) else { return nil }
        self.init(number: number, kind: free == nil ? .glued : .bare)
    }

    /// The number that follows a word, at most two separators later; of a chain `1_100` the last.
    private static func number(after index: Int, in tokens: [NameToken], chained: Bool) -> Int? {
        var position = index + 1
        var separators = 0
        while position < tokens.count, tokens[position].kind == .other, separators < 2 {
            position += 1
            separators += 1
        }
        guard position < tokens.count, tokens[position].kind == .digits else { return nil }
        while chained, position + 2 < tokens.count, tokens[position + 1].kind == .other,
            tokens[position + 2].kind == .digits
        {
            position += 2
        }
        return value(at: position, in: tokens)
    }

    /// The number before a word in the plural: `rl_64_steps`.
    private static func number(before index: Int, in tokens: [NameToken]) -> Int? {
        guard index >= 2, tokens[index].text.hasSuffix("s"), index == tokens.count - 1,
            tokens[index - 1].kind == .other, tokens[index - 2].kind == .digits
        else { return nil }
        return value(at: index - 2, in: tokens)
    }

    /// The digits at `index`; `50k` is 50000.
    private static func value(at index: Int, in tokens: [NameToken]) -> Int? {
        guard let number = Int(tokens[index].text) else { return nil }
        if index + 1 < tokens.count, tokens[index + 1].text == "k" {
            let (product, overflow) = number.multipliedReportingOverflow(by: 1000)
            return overflow ? nil : product
        }
        return number
    }

    static let temporarySuffixes = [".tmp", ".part", ".partial", ".incomplete", ".temp", ".writing", "~"]

    /// Whether a file or directory of this name is one that its writer has not finished.
    package static func isTemporary(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains(".orbax-checkpoint-tmp") { return true }
        if temporarySuffixes.contains(where: { name.hasSuffix($0) && name.count > $0.count }) { return true }
        if name.hasPrefix(".tmp") { return true }
        for prefix in ["tmp-", "tmp_", "tmp.", "recovery_tmp"] where name.hasPrefix(prefix) { return true }
        return name.contains(".tmp.") || name.contains(".tmp-")
    }

    /// Whether the name moves from step to step (`last.ckpt`, `model_best.pth.tar`, `checkpoint.pth`): it loses
    /// against a name with a number.
    package static func isMoving(_ name: String) -> Bool {
        let tokens = NameToken.split(stem(name))
        return tokens.contains { $0.kind == .letters && Words.moving.contains($0.text) } || StepName(name) == nil
    }

    /// The name with its step number taken out, the same for every step of a series.
    static func template(_ name: String) -> String {
        guard let step = StepName(name) else { return name }
        let tokens = NameToken.split(name)
        guard let at = tokens.lastIndex(where: { $0.kind == .digits && Int($0.text) == step.number }) else {
            return name
        }
        return tokens.indices.map { $0 == at ? "{}" : tokens[$0].text }.joined()
    }

    /// Whether the name ends like a checkpoint file's, temporary endings aside.
    static func hasCheckpointSuffix(_ name: String) -> Bool {
        var name = name.lowercased()
        for suffix in temporarySuffixes where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return [
            ".pt", ".pth", ".ckpt", ".safetensors", ".pth.tar", ".pt.tar", ".tar", ".npz", ".h5", ".hdf5", ".keras",
            ".bin",
        ]
        .contains { name.hasSuffix($0) }
    }
}

/// A run of letters, a run of digits, or one other character of a file name, in lower case.
struct NameToken: Hashable {
    enum Kind { case letters, digits, other }
    var kind: Kind
    var text: String

    static func split(_ name: String) -> [NameToken] {
        var tokens: [NameToken] = []
        for character in name.lowercased() {
            let kind: Kind =
                if character.isASCII, character.isNumber {
                    .digits
                } else if character.isLetter {
                    .letters
                } else {
                    .other
                }
            if kind != .other, let last = tokens.last, last.kind == kind {
                tokens[tokens.count - 1].text.append(character)
            } else {
                tokens.append(NameToken(kind: kind, text: String(character)))
            }
        }
        return tokens
    }
}
