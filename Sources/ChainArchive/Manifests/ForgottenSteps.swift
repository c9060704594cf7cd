import TensorCodecs
package import FileSystem

/// `forgotten.manifest`: steps that were forgotten, and those that must not be. Replaced as a whole.
///
/// A step that is marked is no longer among the archive's steps; its bytes stay until they are pruned. What was pruned
/// stays marked for ever, or the next `compress` would add it again.
package struct ForgottenSteps: Sendable, Hashable {
    /// How much of a step.
    package enum Extent: UInt8, Sendable, Hashable, Comparable {
        case moments = 1
        case whole = 2

        package static func < (left: Extent, right: Extent) -> Bool { left.rawValue < right.rawValue }
    }

    package struct Mark: Sendable, Hashable {
        package var extent: Extent
        /// What has been pruned, or may have been, and cannot be had back.
        package var pruned: Extent?

        package init(_ extent: Extent, pruned: Extent? = nil) {
            self.extent = extent
            self.pruned = pruned
        }
    }

    /// By the key of a `StepVersion`: a step's number, or what stands for a version that was replaced.
    package var marks: [Int: Mark] = [:]
    package var pins = Set<Int>()

    package init() {}

    package var isEmpty: Bool { marks.isEmpty && pins.isEmpty }

    /// Steps that are marked, without versions that were replaced.
    package var numbers: [Int] { marks.keys.filter { !StepVersion.isReplaced($0) } }

    package func extent(_ step: Int) -> Extent? { marks[step]?.extent }

    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.list(pins.sorted()) { $0.integer($1) }
        writer.list(marks.filter { $0.key >= 0 }.sorted { $0.key < $1.key }) { writer, mark in
            writer.integer(mark.key)
            writer.byte(mark.value.extent.rawValue)
            writer.byte(mark.value.pruned?.rawValue ?? 0)
        }
        let replaced = marks.compactMap { mark in
            StepVersion.version(ofReplaced: mark.key).map { (version: $0, pruned: mark.value.pruned) }
        }
        writer.list(replaced.sorted { $0.version < $1.version }) { writer, mark in
            writer.integer(mark.version.number)
            writer.integer(mark.version.generation)
            writer.byte(mark.pruned?.rawValue ?? 0)
        }
        return writer.output.bytes
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            let pins = try reader.list { (reader) throws(CodecError) in try reader.integer() }
            try Self.checkAscending(pins)
            let marks = try reader.list { (reader) throws(CodecError) in
                let step = try reader.integer()
                guard let extent = Extent(rawValue: try reader.byte()) else {
                    throw CodecError(.corrupt, "step \(StepVersion.text(step)) is forgotten in an unknown way")
                }
                let code = try reader.byte(), pruned = Extent(rawValue: code)
                guard code == 0 || pruned != nil, pruned ?? extent <= extent else {
                    throw CodecError(.corrupt, "step \(StepVersion.text(step)) is pruned in an impossible way")
                }
                return (step: step, mark: Mark(extent, pruned: pruned))
            }
            try Self.checkAscending(marks.map(\.step))
            self.pins = Set(pins)
            self.marks = Dictionary(uniqueKeysWithValues: marks.map { ($0.step, $0.mark) })
            try readReplaced(from: &reader)
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }

    /// Versions of steps that were replaced, which are forgotten as a whole.
    private mutating func readReplaced(from reader: inout ManifestReader) throws(CodecError) {
        let replaced = try reader.list { (reader) throws(CodecError) in
            let number = try reader.integer(), generation = try reader.integer()
            guard number <= StepVersion.largestReplaceable, generation <= StepVersion.largestGeneration else {
                throw CodecError(.corrupt, "step \(number) cannot have been replaced")
            }
            let code = try reader.byte()
            guard code == 0 || code == Extent.whole.rawValue else {
                throw CodecError(.corrupt, "a version of step \(number) is pruned in an impossible way")
            }
            return (version: StepVersion(number: number, generation: generation), pruned: Extent(rawValue: code))
        }
        guard zip(replaced, replaced.dropFirst()).allSatisfy({ $0.version < $1.version }) else {
            throw CodecError(.corrupt, "the versions do not ascend")
        }
        for (version, pruned) in replaced { marks[version.replacedKey] = Mark(.whole, pruned: pruned) }
    }

    private static func checkAscending(_ steps: [Int]) throws(CodecError) {
        guard zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw CodecError(.corrupt, "the steps do not ascend")
        }
    }

    /// The file's bytes; `nil` where it has nothing to say and is not there.
    package func sealed() throws(VarveError) -> [UInt8]? {
        isEmpty ? nil : try ManifestFile.seal(encoded(), kind: .forgotten)
    }

    /// - Throws: `.damaged`, `.unsupported`, `.inputOutput`. A file that is not there says nothing.
    package static func read(_ layout: ArchiveLayout) throws(VarveError) -> ForgottenSteps {
        do throws(VarveError) {
            let sealed = try ManifestFile.open(layout.forgottenManifest, kind: .forgotten)
            return try ForgottenSteps(decoding: sealed.body, file: layout.forgottenManifest)
        } catch  where error.code == .notFound {
            return ForgottenSteps()
        }
    }
}
