import TensorCodecs
import TensorFiles
package import FileSystem

/// The manifest of a step from the receipts of its workers: units in the order of the plan, whoever encoded them, so that it
/// differs from one process's in nothing but where records lie.
package enum StepAssembly {
    /// - Parameters:
    ///   - receipts: whose parts have indices in this order.
    ///   - digest: of the step before, if the step builds on it.
    ///   - isWhole: whether all units must be there. Of a part alone a chain can be carried on.
    package static func manifest(
        _ frame: StepFrame, _ receipts: [Receipt], digest: Hash128?, isWhole: Bool, file: String
    ) throws(VarveError) -> StepManifest {
        var manifest = frame.manifest(digest: digest)
        var units: [(unit: UnitRecords, part: Int)] = []
        for receipt in receipts {
            units += receipt.units.map { ($0, manifest.parts.count) }
            if let part = receipt.part { manifest.parts.append(part) }
            manifest.baseHashes.merge(receipt.baseHashes) { first, _ in first }
        }
        units.sort { $0.unit.index < $1.unit.index }
        do throws(CodecError) {
            guard !isWhole || units.map(\.unit.index).elementsEqual(0..<frame.unitCount) else {
                throw CodecError(.corrupt, "the receipts do not have every unit once")
            }
            for (unit, part) in units { try manifest.append(unit, part: part) }
        } catch {
            throw VarveError(.damaged, "the receipts do not make a step", file: file, cause: error)
        }
        manifest.tensors.sort { $0.pieces.start < $1.pieces.start }
        return manifest
    }

    /// A step of which one worker's tensors are known, to build on and to decode.
    package static func open(
        _ frame: StepFrame, _ receipt: Receipt, digest: Hash128?, in directory: String
    ) throws(VarveError) -> OpenStep {
        let path = Paths.join(directory, receipt.share.receiptName(receipt.content))
        let manifest = try manifest(frame, [receipt], digest: digest, isWhole: false, file: path)
        var readers: [PartReader] = []
        for part in manifest.parts {
            readers.append(
                try PartReader(
                    Paths.join(directory, part.name), byteCount: part.byteCount, number: UInt64(frame.number)))
        }
        return try OpenStep(ofPart: manifest, readers, path: path)
    }
}
