package import FileSystem

/// Which of the steps that stay build on forgotten ones, and what they are to build on instead.
///
/// Each is taken again, from what the archive restores: on top of the step of its chain before it that stays, or, if there is
/// none, as the beginning of the chain. Steps that build on such a step follow, up to the next keyframe. Versions that were
/// replaced count as forgotten.
package struct RebasePlan: Sendable {
    package struct Step: Sendable, Hashable {
        package var number: Int
        /// The step that it is coded against; `nil` where its chain begins with it.
        package var predecessor: Int?
        /// The step that its chain began with so far.
        package var start: Int
        /// Whether that one was coded against weights outside of the archive: the new beginning is so too.
        package var isOnBase: Bool
    }

    /// Ascending.
    package private(set) var steps: [Step] = []

    private let archive: ArchiveReader
    private let forgotten: ForgottenSteps
    /// With what the chain of each stored version begins.
    private var starts: [Int: Int] = [:]
    /// Numbers of the steps of a chain, by its beginning; a step of which any version is in it counts.
    private var chains: [Int: Set<Int>] = [:]

    /// - Parameter forgotten: what is taken for forgotten, whatever the archive says now.
    /// - Throws: `.damaged` where a step that stays misses something.
    package init(_ archive: ArchiveReader, forgotten: ForgottenSteps) throws(VarveError) {
        self.archive = archive
        self.forgotten = forgotten
        let needed = try PrunePlan(archive, forgotten: forgotten).steps.filter {
            $0.extent == .whole && $0.fate != .removed
        }
        guard !needed.isEmpty else { return }
        // What builds on a step that is taken again has to follow it.
        var left = Set(needed.map(\.number)), affected: [Int] = [], onBase = Set<Int>()
        // By number: what a step builds on comes before it.
        for number in archive.stored {
            var start = number
            switch try archive.manifest(number).predecessor {
            case .none: break
            case .base: onBase.insert(number)
            case .step(let before, _):
                start = starts[before] ?? number
                if isKept(number), left.contains(before) {
                    left.insert(number)
                    affected.append(number)
                }
            }
            starts[number] = start
            chains[start, default: []].insert(StepVersion.number(number))
        }
        for number in affected {
            guard let start = starts[number], let chain = chains[start] else { continue }
            let before = archive.steps.last { $0 < number && isKept($0) && chain.contains($0) }
            steps.append(Step(number: number, predecessor: before, start: start, isOnBase: onBase.contains(start)))
        }
    }

    private func isKept(_ number: Int) -> Bool { forgotten.extent(number) != .whole }

    /// About the bytes that pruning frees once all steps of the plan were taken again. A step that is coded against another
    /// is taken to be as large as it is, weights of a new beginning as large as those of the old one.
    package func freedBytes() throws(VarveError) -> Int {
        var all = forgotten
        for step in steps { all.marks[step.number] = .init(.whole) }
        var freed = try PrunePlan(archive, forgotten: all).freedBytes
        for step in steps {
            let manifest = try archive.manifest(step.number)
            freed -= Int(clamping: try archive.namedBytes(manifest))
            guard step.predecessor == nil else { continue }
            freed += Self.bytesOfWeights(manifest) - Self.bytesOfWeights(try archive.manifest(step.start))
        }
        return freed
    }

    private static func bytesOfWeights(_ manifest: StepManifest) -> Int {
        manifest.tensors.reduce(0) { $0 + ($1.role == .weight ? $1.statistics.storedBytes : 0) }
    }
}
