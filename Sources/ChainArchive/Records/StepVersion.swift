/// One version of a step in an archive, as its directory under `steps` names it.
///
/// A step that is compressed again replaces the version before, which stays because later steps may build on it. The
/// directory of the first version of a step is its number (`000000000200`); a later one has its generation behind it
/// (`000000000200-1`). A step is of no older generation than any step that is there when it is written, and a version that
/// replaces another is of a newer one than whatever may build on that. So what a manifest says about step N is about the
/// newest version of N that is of its own generation or an older one.
package struct StepVersion: Sendable, Hashable, Comparable {
    package let number: Int
    package let generation: Int

    package init(number: Int, generation: Int = 0) {
        self.number = number
        self.generation = generation
    }

    /// `nil` for any name that `directoryName` does not make.
    package init?(directoryName name: String) {
        let pieces = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard pieces.count <= 2, let number = Int(pieces[0]) else { return nil }
        let generation = pieces.count == 2 ? Int(pieces[1]) ?? -1 : 0
        guard number >= 0, (0...Self.largestGeneration).contains(generation),
            generation == 0 || number <= Self.largestReplaceable
        else { return nil }
        self.init(number: number, generation: generation)
        guard directoryName == name else { return nil }
    }

    /// Twelve digits, so that names sort like numbers; more if a step needs more.
    package var directoryName: String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        return generation == 0 ? padded : "\(padded)-\(generation)"
    }

    package static func < (left: StepVersion, right: StepVersion) -> Bool {
        (left.number, left.generation) < (right.number, right.generation)
    }

    // MARK: The key of a version in memory

    private static let keyShift = 52
    /// Keys stay positive.
    static let largestGeneration = 1 << 10
    /// A step with a higher number cannot be replaced.
    static let largestReplaceable = (1 << keyShift) - 1

    /// Stands for a version that was replaced: negative, as no number of a step is. The version that counts has its
    /// number for a key.
    var replacedKey: Int { -1 - (generation << Self.keyShift | number) }

    /// Whether a key stands for a version that was replaced.
    package static func isReplaced(_ key: Int) -> Bool { key < 0 }

    /// The number of the step that a key stands for.
    package static func number(_ key: Int) -> Int { version(ofReplaced: key)?.number ?? key }

    static func version(ofReplaced key: Int) -> StepVersion? {
        guard isReplaced(key) else { return nil }
        let packed = -1 - key
        return StepVersion(number: packed & largestReplaceable, generation: packed >> keyShift)
    }

    /// What people call it.
    package static func text(_ key: Int) -> String {
        isReplaced(key) ? "\(number(key)) (a version that was replaced)" : "\(key)"
    }
}

/// The versions of every step that an archive holds or held.
package struct StepVersions: Sendable {
    /// By number of the step; generations ascend. Versions that were pruned are in it, so that nothing else is taken for
    /// them.
    private var generations: [Int: [Int]] = [:]
    /// The version that counts, by number.
    private var current: [Int: Int] = [:]
    private(set) var newestGeneration = 0

    /// - Parameters:
    ///   - stored: those whose manifest is there.
    ///   - marked: keys of `forgotten.manifest`.
    init(stored: [StepVersion], marked: some Sequence<Int>) {
        let replaced = marked.filter(StepVersion.isReplaced).compactMap(StepVersion.version(ofReplaced:))
        for version in Set(stored + replaced).sorted() {
            generations[version.number, default: []].append(version.generation)
            newestGeneration = max(newestGeneration, version.generation)
        }
        let isReplaced = Set(replaced)
        for version in stored.sorted() where !isReplaced.contains(version) {
            current[version.number] = version.generation
        }
    }

    /// The key of a version: its step's number if it counts.
    func key(_ version: StepVersion) -> Int {
        current[version.number] == version.generation || version.number > StepVersion.largestReplaceable
            ? version.number : version.replacedKey
    }

    /// The version that a key stands for.
    func version(_ key: Int) -> StepVersion {
        if StepVersion.isReplaced(key), let version = StepVersion.version(ofReplaced: key) { return version }
        return StepVersion(number: key, generation: current[key] ?? generations[key]?.last ?? 0)
    }

    /// The key of what a manifest of `generation` calls step `number`.
    func key(of number: Int, seenFrom generation: Int) -> Int {
        guard let known = generations[number]?.last(where: { $0 <= generation }) else { return number }
        return key(StepVersion(number: number, generation: known))
    }

    /// Keys of versions that were replaced and are stored or were, the newest last.
    package func replaced(_ number: Int) -> [Int] {
        (generations[number] ?? []).map { StepVersion(number: number, generation: $0) }.map(key)
            .filter(StepVersion.isReplaced)
    }

    /// What a new version of a step is to be: as new as anything that it may refer to, and newer than anything that may
    /// refer to a version before it.
    func next(_ number: Int) -> StepVersion {
        guard generations[number] != nil else { return StepVersion(number: number, generation: newestGeneration) }
        let isReferred = generations.contains { $0.key >= number && $0.value.last == newestGeneration }
        return StepVersion(number: number, generation: newestGeneration + (isReferred ? 1 : 0))
    }
}
