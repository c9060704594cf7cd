import ChainArchive
import Checkpoints
import FileSystem
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Sharded checkpoints of real frameworks: whole tensors are stored, the files of every rank come back.
@Suite struct ShardedRunsTests {
    let directory = try! TemporaryDirectory()

    private func compress(_ name: String, _ method: CompressionOptions.Method) async throws -> (
        run: String, archive: String
    ) {
        let run = directory.file("run"), archive = directory.file("a.varve")
        try ShardedRuns.write(name, to: run)
        let result = try await Compressor(
            run: run, archive: archive, options: CompressionOptions(method: method)
        ).compress()
        #expect(result.added == [60, 70, 80])
        return (run, archive)
    }

    private func restore(_ archive: String) async throws -> String {
        let output = directory.file("out")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        return output
    }

    @Test(arguments: ShardedRuns.names) func losslessGivesEveryFileBack(name: String) async throws {
        let (run, archive) = try await compress(name, TestMethods.lossless)
        #expect(try Trees.differences(try await restore(archive), run) == [])
        #expect(try await Verifier(archive: archive, deep: true, against: run).verify().isIntact)
    }

    /// What the files of the ranks hold is what the archive says of the whole tensors, in every role.
    @Test(arguments: ShardedRuns.names) func restoredPiecesAreTheArchivesTensors(name: String) async throws {
        let (original, path) = try await compress(name, TestMethods.transform)
        let restored = try await restore(path)
        #expect(try await Verifier(archive: path, deep: true, against: original).verify().isIntact)
        let run = try Run.discover(restored), archive = try Archive(at: path), pairs = try run.pairs()
        var compared = 0, quantized = 0
        for step in run.steps {
            let contents = try run.contents(of: step, pairs: pairs)
            for parameter in contents.parameters {
                for (role, index) in [
                    (TensorRole.weight, parameter.weight), (.firstMoment, parameter.firstMoment),
                    (.secondMoment, parameter.secondMoment),
                ] {
                    guard let index, index.file == contents.files.count, let (file, tensor) = contents.tensor(index)
                    else { continue }
                    let stored = try archive.tensor(named: parameter.name, step: step.number, role: role)
                    // Of a half-precision weight the master is what has its name.
                    guard stored.dtype == tensor.dtype else { continue }
                    #expect(try file.contiguousBytes(of: tensor) == stored.bytes, "\(parameter.name) \(role)")
                    compared += 1
                    if !stored.info.isExact { quantized += 1 }
                }
            }
        }
        #expect(compared > 20 && quantized > 10)
    }

    /// Every checksum of every zip file, also of those within files, is that of its data.
    @Test(arguments: ShardedRuns.names) func restoredZipFilesAreSound(name: String) async throws {
        let (_, path) = try await compress(name, TestMethods.transform)
        let restored = try await restore(path)
        let run = try Run.discover(restored), pairs = try run.pairs()
        var zips = 0
        for step in run.steps {
            let contents = try run.contents(of: step, pairs: pairs)
            for (index, file) in contents.files.enumerated() {
                let bytes = try file.source.bytes(at: 0, count: Int(file.source.byteCount))
                let copy = try OutputFile(directory.file("copy"), byteCount: UInt64(bytes.count))
                try copy.write(bytes, at: 0)
                let containers = contents.assembly?.containers[index]
                guard try ZipChecksums.isZip(copy) else { continue }
                try ZipChecksums.reseal(copy, containers: containers, changed: [0..<UInt64(bytes.count)])
                #expect(try copy.bytes(at: 0, count: bytes.count) == bytes, "\(file.path)")
                zips += containers?.count ?? 1
            }
        }
        #expect(zips >= 6)
    }

    /// Ranks that keep the same tensor are compared: one that differs is kept as it is.
    @Test func aReplicaThatDiffersComesBackAsItWas() async throws {
        let run = directory.file("run"), archive = directory.file("a.varve")
        try ShardedRuns.write("mcore_legacy", to: run)
        let found = try Run.discover(run)
        let step = try #require(found.steps.last)
        let contents = try found.contents(of: step, pairs: try found.pairs())
        let repeated = contents.assembly?.tensors.first { !$0.replicas.isEmpty && $0.dtype.floatFormat != nil }
        let tensor = try #require(repeated)
        let replica = tensor.replicas[0], path = contents.files[replica.file].source.name
        var bytes = try Trees.bytes(path)
        bytes[Int(replica.offset)] ^= 1
        try Trees.write(bytes, to: path)
        _ = try await Compressor(
            run: run, archive: archive, options: CompressionOptions(method: TestMethods.transform)
        ).compress()
        let restored = try await restore(archive)
        let back = try Trees.bytes(Paths.join(restored, contents.files[replica.file].path))
        let range = tensor.layout.range(replica)
        let (first, end) = (Int(range.lowerBound), Int(range.upperBound))
        let isKept = back[first..<end].elementsEqual(bytes[first..<end])
        #expect(isKept)
        #expect(try await Verifier(archive: archive, deep: true, against: run).verify().isIntact)
    }
}
