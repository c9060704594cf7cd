package import FileSystem

/// A worker's share of a step: part `index` of `count`, counted from 0, and the names of what it leaves beside the others'.
///
///     0003-of-0016.receipt                         what it made of its tensors; written when the part is on disk
///     0003-of-0016-5f0c2a9d1e77b364.part           the records; the digits are of the hash of its bytes
///     0003-of-0016-payload.receipt                 the same of bytes that lie in no tensor
///     0003-of-0016-payload-0b1c8d42f6a95e10.part
///
/// A part's name follows from its content, so a part that is written twice is written over by the same bytes, and a part of
/// a committed step by no others.
package struct PartShare: Sendable, Hashable {
    /// What of a step a receipt is about. Tensors need nothing of what other workers write; payload waits for the step before.
    package enum Content: UInt8, Sendable, Hashable, CaseIterable {
        case tensors = 0
        case payload = 1
    }

    package let index: Int
    package let count: Int

    /// The most workers of a step: names have four digits.
    package static let mostParts = 9999

    /// `nil` where there is no such part.
    package init?(index: Int, count: Int) {
        guard (1...Self.mostParts).contains(count), (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    private static func digits(_ value: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func stem(_ content: Content) -> String {
        Self.digits(index) + "-of-" + Self.digits(count) + (content == .payload ? "-payload" : "")
    }

    package func receiptName(_ content: Content) -> String { stem(content) + ".receipt" }

    package func partName(_ content: Content, _ hash: Hash128) -> String {
        stem(content) + "-" + String(hash.description.prefix(16)) + ".part"
    }

    /// What a file's name says of it; `nil` where it is no worker's file.
    package static func named(_ name: String) -> (share: PartShare, content: Content, isReceipt: Bool)? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let ending = name[dot...]
        guard [".receipt", ".part", ".parity"].contains(ending) else { return nil }
        var words = name[..<dot].split(separator: "-", omittingEmptySubsequences: false)
        guard words.count >= 3, words[1] == "of", let index = number(words[0]), let count = number(words[2]),
            let share = PartShare(index: index, count: count)
        else { return nil }
        words.removeFirst(3)
        var content = Content.tensors
        if words.first == "payload" {
            content = .payload
            words.removeFirst()
        }
        if ending == ".receipt" { return words.isEmpty ? (share, content, true) : nil }
        guard words.count == 1, words[0].count == 16, words[0].allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            return nil
        }
        return (share, content, false)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard let value = Int(digits), value >= 0, Self.digits(value) == digits else { return nil }
        return value
    }
}

extension ArchiveLayout {
    /// Versions of steps that are visible and whose receipts are still there: whoever made them visible was interrupted.
    package func unfinishedCommits() throws(VarveError) -> [StepVersion] {
        var found: [StepVersion] = []
        for version in try stepDirectories() {
            if try !workerCounts(version).isEmpty, try isVisible(version) { found.append(version) }
        }
        return found
    }

    /// The numbers of workers that left receipts of a version, by a listing of its directory.
    package func workerCounts(_ version: StepVersion) throws(VarveError) -> [Int] {
        do throws(VarveError) {
            let names = try SystemCalls.list(stepDirectory(version))
            return Set(names.compactMap { PartShare.named($0) }.filter(\.isReceipt).map(\.share.count)).sorted()
        } catch  where error.code == .notFound {
            return []
        }
    }
}
