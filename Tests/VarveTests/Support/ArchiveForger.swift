import ChainArchive
import FileSystem
import TensorFiles
import VarveTestSupport

/// Changes archives the way an attacker does: whatever it says, every checksum is right.
struct ArchiveForger {
    let layout: ArchiveLayout

    init(_ archive: String) { layout = ArchiveLayout(archive) }

    /// Rewrites the manifest of a step.
    func change(_ step: Int, _ body: (inout StepManifest) throws -> Void) throws {
        let sealed = try SealedFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step)
        var manifest = try StepManifest(decoding: sealed.body, version: sealed.version, file: "forged")
        try body(&manifest)
        try Trees.write(manifest.sealed(), to: layout.stepManifest(StepVersion(number: step)))
    }

    /// Puts a body in the place of the one that is there, as the same version.
    func write(_ body: [UInt8], step: Int) throws {
        let path = layout.stepManifest(StepVersion(number: step))
        let version = try SealedFile.open(path, kind: .step).version
        try Trees.write(SealedFile.seal(body, kind: .step, version: version), to: path)
    }

    func body(_ step: Int) throws -> [UInt8] {
        try SealedFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step).body
    }

    /// Puts a manifest of the run's own files in place.
    func setRun(_ entries: [Entry]) throws {
        try Trees.write(SealedFile.seal(RunManifest(entries: entries).encoded(), kind: .run), to: layout.runManifest)
    }

    /// Overwrites bytes of a step's part and makes the checksums of the records they lie in right again.
    func changePart(_ step: Int, _ body: (inout [UInt8]) -> Void) throws {
        let path = layout.stepPart(StepVersion(number: step), "0000.part")
        var bytes = try Trees.bytes(path)
        body(&bytes)
        try Trees.write(bytes, to: path)
        try change(step) { manifest in
            func mended(_ reference: PartReference) -> PartReference {
                var reference = reference
                let start = Int(reference.offset)
                reference.checksum = checksum64(Array(bytes[start..<start + Int(reference.byteCount)]))
                return reference
            }
            for entry in manifest.entries.indices {
                for block in manifest.entries[entry].payload.indices {
                    let reference = manifest.entries[entry].payload[block].reference
                    manifest.entries[entry].payload[block].reference = reference.map { mended($0) }
                }
            }
            for bundle in manifest.bundles.indices {
                manifest.bundles[bundle].weights = mended(manifest.bundles[bundle].weights)
                manifest.bundles[bundle].moments = manifest.bundles[bundle].moments.map { mended($0) }
            }
            manifest.packs = manifest.packs.map { mended($0) }
            for tensor in manifest.tensors.indices {
                switch manifest.tensors[tensor].coding {
                case .exact(let reference): manifest.tensors[tensor].coding = .exact(mended(reference))
                case .exactDelta(let reference): manifest.tensors[tensor].coding = .exactDelta(mended(reference))
                default: break
                }
            }
        }
    }

    /// An entry without content.
    static func entry(_ path: String, _ kind: Entry.Kind) -> Entry {
        Entry(path: path, kind: kind, mode: 0o777, modified: 0)
    }
}

/// Small runs made in tests.
enum SmallRun {
    /// `step_10.safetensors`, `step_20...`: weights `a`, `b` and a counter.
    static func make(
        _ root: String, steps: [Int] = [10, 20], named name: (Int) -> String = { "step_\($0).safetensors" }
    ) throws {
        let walk = SeededTensors.walk(64, steps: steps.count, seed: 5)
        for (index, step) in steps.enumerated() {
            let file = SafetensorsMaker.file(
                [
                    TestTensor("a", shape: [8, 8], floats: walk[index]),
                    TestTensor("b", shape: [4], seed: UInt64(step)),
                    TestTensor("count", dtype: "I64", shape: [1], bytes: LittleEndianBytes.of(Int64(step))),
                ], metadata: [("step", "\(step)")])
            try Trees.write(file, to: Paths.join(root, name(step)))
        }
    }
}
