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
        let sealed = try ManifestFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step)
        var manifest = try StepManifest(decoding: sealed.body, file: "forged")
        try body(&manifest)
        try Trees.write(manifest.sealed(), to: layout.stepManifest(StepVersion(number: step)))
    }

    /// Puts a body in the place of the one that is there.
    func write(_ body: [UInt8], step: Int) throws {
        let path = layout.stepManifest(StepVersion(number: step))
        try Trees.write(ManifestFile.seal(body, kind: .step), to: path)
    }

    func body(_ step: Int) throws -> [UInt8] {
        try ManifestFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step).body
    }

    /// Puts a manifest of the run's own files in place.
    func setRun(_ entries: [Entry]) throws {
        try Trees.write(ManifestFile.seal(RunManifest(entries: entries).encoded(), kind: .run), to: layout.runManifest)
    }

    /// Overwrites bytes of a step's part and makes the checksums of the records they lie in right again.
    func changePart(_ step: Int, _ body: (inout [UInt8]) -> Void) throws {
        let path = layout.stepPart(StepVersion(number: step), "0000.part")
        var bytes = try Trees.bytes(path)
        body(&bytes)
        try Trees.write(bytes, to: path)
        try change(step) { manifest in
            func mended(_ location: RecordLocation) -> RecordLocation {
                var location = location
                let start = Int(location.offset)
                location.checksum = checksum64(Array(bytes[start..<start + Int(location.byteCount)]))
                return location
            }
            for entry in manifest.entries.indices {
                for block in manifest.entries[entry].payload.indices {
                    let location = manifest.entries[entry].payload[block].location
                    manifest.entries[entry].payload[block].location = location.map { mended($0) }
                }
            }
            for quantizedGroup in manifest.quantizedGroups.indices {
                manifest.quantizedGroups[quantizedGroup].weights = mended(
                    manifest.quantizedGroups[quantizedGroup].weights)
                manifest.quantizedGroups[quantizedGroup].moments = manifest.quantizedGroups[quantizedGroup].moments.map
                { mended($0) }
            }
            manifest.losslessGroups = manifest.losslessGroups.map { mended($0) }
            for tensor in manifest.tensors.indices {
                if case .state(let location) = manifest.tensors[tensor].coding {
                    manifest.tensors[tensor].coding = .state(mended(location))
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
