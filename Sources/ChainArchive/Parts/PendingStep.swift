package import FileSystem

/// A step that workers are at, or have left: its receipts, and what is still missing.
package struct PendingStep: Sendable {
    package let version: StepVersion
    /// The number of workers that it was dealt to.
    package let count: Int
    package let directory: String
    package private(set) var tensors: [Int: Receipt] = [:]
    package private(set) var payload: [Int: Receipt] = [:]
    /// Receipts that cannot be read.
    package private(set) var damaged: [VarveError] = []
    /// Workers that agree with each other: of several such groups the largest.
    package private(set) var agreed: Set<Int> = []
    /// What the others contradict, both sides named.
    package private(set) var contradictions: [String] = []
    /// Parts to run, ascending.
    package private(set) var missing: [Int] = []

    package var number: Int { version.number }
    package var isComplete: Bool { missing.isEmpty && contradictions.isEmpty }

    /// Looks for the receipts of all workers, each by its name.
    package init(_ layout: ArchiveLayout, _ version: StepVersion, count: Int) throws(VarveError) {
        self.version = version
        self.count = count
        directory = layout.stepDirectory(version)
        for index in 0..<count {
            guard let share = PartShare(index: index, count: count) else { continue }
            tensors[index] = try read(share, .tensors)
            if tensors[index]?.owesPayload == true { payload[index] = try read(share, .payload) }
        }
        settle()
        for index in 0..<count where try isMissing(index) { missing.append(index) }
    }

    private mutating func read(_ share: PartShare, _ content: PartShare.Content) throws(VarveError) -> Receipt? {
        do throws(VarveError) {
            return try Receipt.read(share, content, in: directory)
        } catch  where error.code == .damaged || error.code == .unsupported {
            damaged.append(error)
            return nil
        }
    }

    /// Finds who agrees, and what is contradicted.
    private mutating func settle() {
        let groups = Dictionary(grouping: tensors.keys.sorted()) { tensors[$0]?.claims ?? Self.none }
        let best = groups.max { ($0.value.count, $1.value[0]) < ($1.value.count, $0.value[0]) }
        guard let best else { return }
        agreed = Set(best.value)
        for (claims, indices) in groups.sorted(by: { $0.value[0] < $1.value[0] }) where claims != best.key {
            if let difference = claims.difference(
                said(indices[0]), from: best.key, said(best.value[0]))
            {
                contradictions.append(difference)
            }
        }
    }

    private static let none = PartClaims(
        program: "", settings: "", base: "", predecessor: "", files: "", plan: Hash128(high: 0, low: 0))

    private func said(_ index: Int) -> String { "part \(index) of \(count)" }

    private func isMissing(_ index: Int) throws(VarveError) -> Bool {
        guard agreed.contains(index), let receipt = tensors[index], try receipt.hasPart(in: directory) else {
            return true
        }
        guard receipt.owesPayload else { return false }
        guard let other = payload[index], other.claims == receipt.claims else { return true }
        return try !other.hasPart(in: directory)
    }

    /// The receipts to commit, in the order of the parts.
    var receipts: [Receipt] {
        (0..<count).flatMap { index in [tensors[index], payload[index]].compactMap { $0 } }
    }

    /// What the step builds on; `nil` while the first receipt is missing.
    package var frame: StepFrame? { tensors[0].flatMap { agreed.contains(0) ? $0.frame : nil } }
}

extension ArchiveReader {
    /// Steps that workers left receipts of and that are not committed: each with all numbers of workers.
    package func pending() throws(VarveError) -> [PendingStep] {
        var result: [PendingStep] = []
        for version in uncommittedVersions {
            for count in try layout.workerCounts(version) {
                result.append(try PendingStep(layout, version, count: count))
            }
        }
        return result
    }

    /// The version that a step which is not there yet will be of.
    package func nextVersion(_ number: Int) -> StepVersion { versions.next(number) }
}
