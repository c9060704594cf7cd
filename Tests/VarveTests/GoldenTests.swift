import Crypto
import Foundation
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives of earlier formats restore to the same bytes for ever. They are never remade: a change that breaks one of
/// these tests breaks somebody's archive.
@Suite struct GoldenTests {
    static let archives = ["excp-1.0", "exact-1.0", "transform-2.0", "high-2.0", "tracked-2.0"]

    @Test(arguments: archives)
    func restoresToTheRecordedBytes(name: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = Paths.join(Fixture.root, "golden/\(name).varve")
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let output = Paths.join(directory.path, "run")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let listing = try Trees.content(output).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let lines = listing.filter { !$0.value.starts(with: Array("-> ".utf8)) }.map { path, bytes in
            SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() + "  " + path
        }
        let links = listing.filter { $0.value.starts(with: Array("-> ".utf8)) }.map {
            "link  \($0.key) \(String(decoding: $0.value, as: UTF8.self))"
        }
        let recorded = try String(contentsOfFile: Paths.join(Fixture.root, "golden/\(name).sha256"), encoding: .utf8)
        #expect((lines + links).joined(separator: "\n") + "\n" == recorded)
    }

    /// Archives of the format that this release writes, 3.0, and what each was made with.
    static let made: [(name: String, method: CompressionOptions.Method, keyframeInterval: Int)] = []

    /// Sides above 256, whose bases are tracked; experts; a vector; a bf16 weight with its float32 master.
    static func writeTrackedRun(to root: String) throws {
        let run = DriftingRun(
            [
                .init("tall", [300, 20]), .init("wide", [18, 270]), .init("experts", [2, 16, 20]), .init("norm", [20]),
            ],
            steps: 5)
        for var step in run.steps() {
            var master = step.model[0]
            step.model[0] = master.converted(to: .bf16)
            master.name = "master_param"
            step.states[0].append(master)
            try Trees.write(step.file(), to: Paths.join(root, "ckpt_\(step.number).pt"))
        }
    }

    /// What this release writes is what the format's version says: the same bytes as when the golden archive was made.
    /// Only with the libzstd they were made with: another release of it may compress differently.
    @Test(arguments: made.indices) func thisReleaseWritesTheGoldenParts(index: Int) async throws {
        guard Zstandard.libraryVersion == "1.5.4" else {
            print("SKIPPED: thisReleaseWritesTheGoldenParts: libzstd \(Zstandard.libraryVersion) instead of 1.5.4")
            return
        }
        let (name, method, keyframeInterval) = Self.made[index]
        let directory = try TemporaryDirectory()
        let archive = Paths.join(directory.path, "now.varve")
        var run = Fixture.oddRun
        if name.hasPrefix("tracked") {
            run = Paths.join(directory.path, "run")
            try Self.writeTrackedRun(to: run)
        }
        let result = try await Compressor(
            run: run, archive: archive, options: CompressionOptions(method: method, keyframeInterval: keyframeInterval)
        ).compress()
        #expect(result.added.count >= 3)
        for step in result.added {
            let part = "steps/" + String(repeating: "0", count: 12 - "\(step)".count) + "\(step)/0000.part"
            #expect(
                try Trees.bytes(Paths.join(archive, part))
                    == Trees.bytes(Paths.join(Fixture.root, "golden/\(name).varve/" + part)), "step \(step)")
        }
    }
}
