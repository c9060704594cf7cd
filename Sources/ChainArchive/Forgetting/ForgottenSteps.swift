import TensorCodecs
package import TensorFiles

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

    package var marks: [Int: Mark] = [:]
    package var pins = Set<Int>()

    package init() {}

    package var isEmpty: Bool { marks.isEmpty && pins.isEmpty }

    package func extent(_ step: Int) -> Extent? { marks[step]?.extent }

    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.list(pins.sorted()) { $0.integer($1) }
        writer.list(marks.sorted { $0.key < $1.key }) { writer, mark in
            writer.integer(mark.key)
            writer.byte(mark.value.extent.rawValue)
            writer.byte(mark.value.pruned?.rawValue ?? 0)
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
                    throw CodecError(.corrupt, "step \(step) is forgotten in an unknown way")
                }
                let code = try reader.byte(), pruned = Extent(rawValue: code)
                guard code == 0 || pruned != nil, pruned ?? extent <= extent else {
                    throw CodecError(.corrupt, "step \(step) is pruned in an impossible way")
                }
                return (step: step, mark: Mark(extent, pruned: pruned))
            }
            try Self.checkAscending(marks.map(\.step))
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
            self.pins = Set(pins)
            self.marks = Dictionary(uniqueKeysWithValues: marks.map { ($0.step, $0.mark) })
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }

    private static func checkAscending(_ steps: [Int]) throws(CodecError) {
        guard zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw CodecError(.corrupt, "the steps do not ascend")
        }
    }

    /// The file's bytes; `nil` where it has nothing to say and is not there.
    package func sealed() throws(VarveError) -> [UInt8]? {
        isEmpty ? nil : try SealedFile.seal(encoded(), kind: .forgotten)
    }

    /// - Throws: `.damaged`, `.unsupported`, `.inputOutput`. A file that is not there says nothing.
    package static func read(_ layout: ArchiveLayout) throws(VarveError) -> ForgottenSteps {
        do throws(VarveError) {
            let body = try SealedFile.open(layout.forgottenManifest, kind: .forgotten).body
            return try ForgottenSteps(decoding: body, file: layout.forgottenManifest)
        } catch  where error.code == .notFound {
            return ForgottenSteps()
        }
    }
}
