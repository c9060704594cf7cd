import FileSystem
import ChainArchive
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// The public type: its verbs do what the types below it do, and one tensor is the one of a whole restore.
@Suite struct ArchiveTests {
    let workshop = RunWorkshop()
    private var path: String { workshop.path("a.varve") }

    private func made(
        _ method: CompressionOptions.Method = TestMethods.transform, run: String = Fixture.oddRun
    ) async throws -> Archive {
        try await Archive.compress(run: run, to: path, options: CompressionOptions(method: method))
        return try Archive(at: path)
    }

    private func code(_ body: () throws -> Void) -> VarveError.Code? {
        do { try body() } catch { return (error as? VarveError)?.code }
        return nil
    }

    @Test(arguments: [Fixture.trainerRun, Fixture.oddRun], TestMethods.chains)
    func aTensorIsThatOfARestore(run: String, method: CompressionOptions.Method) async throws {
        let archive = try await made(method, run: run)
        let restored = workshop.path("restored")
        let steps = try await archive.restore(.all, to: restored)
        #expect(try archive.steps == steps && steps.count >= 3)
        let files = try Trees.content(restored), reader = try ArchiveReader(path)
        for step in steps {
            let infos = try archive.tensors(in: step), records = try reader.manifest(step).tensors
            #expect(infos.count == records.count && infos.contains { $0.role == .weight })
            // One of each role and of each element type, and the last.
            var seen = Set<String>()
            for (index, (info, record)) in zip(infos, records).enumerated()
            where seen.insert("\(info.role) \(info.dtype) \(info.isExact)").inserted || index == infos.count - 1 {
                let tensor = try archive.tensor(named: info.name, step: step, role: info.role, key: info.key)
                #expect(tensor.info == info && tensor.bytes.count == record.byteCount)
                let start = Int(record.pieces.start.offset)
                // A path that was written again has older steps in directories of their own.
                let content = files["step-\(step)/" + info.file] ?? files[info.file]
                #expect(
                    content.map { Array($0[start..<start + tensor.bytes.count]) } == tensor.bytes,
                    "step \(step): \(info)")
                #expect((tensor.floats?.count ?? info.elementCount) == info.elementCount)
                #expect((tensor.floats != nil) == info.dtype.isQuantizable)
            }
        }
    }

    @Test func tensorsThatAreNotThereAreNamed() async throws {
        let archive = try await made(), step = try #require(try archive.steps.last)
        let name = try #require(try archive.tensors(in: step).first { $0.role == .weight }).name
        #expect(try archive.tensor(named: name, step: step).info.role == .weight)
        #expect(code { _ = try archive.tensor(named: "nothing", step: step) } == .usage)
        #expect(code { _ = try archive.tensor(named: name, step: step + 1) } == .usage)
        #expect(code { _ = try archive.tensors(in: step + 1) } == .usage)
        try archive.forget(ForgetPolicy(steps: [step...step]))
        #expect(code { _ = try archive.tensor(named: name, step: step) } == .usage)
        #expect(try !archive.steps.contains(step))
        #expect(try archive.undoForget([step...step]) == [step])
        #expect(try archive.steps.contains(step))
    }

    @Test func pinsProtect() async throws {
        let archive = try await made(), step = try #require(try archive.steps.first)
        #expect(try archive.pin([step...step]) == [step])
        #expect(try archive.pinned == [step])
        #expect(code { _ = try archive.forget(ForgetPolicy(steps: [step...step])) } == .usage)
        #expect(try archive.unpin([step...step]) == [])
        try archive.forget(ForgetPolicy(steps: [step...step]))
        #expect(try archive.prune(dryRun: true).dryRun)
    }

    @Test func oneThatIsDamagedCanBeVerifiedAndRepaired() async throws {
        var archive = try await made()
        let manifest = Paths.join(path, "archive.manifest")
        try SystemCalls.unlink(manifest)
        archive = try Archive(at: path)
        let damaged = archive
        #expect(code { _ = try damaged.steps } == .damaged)
        #expect(try await !archive.verify().isIntact)
        #expect(try !archive.repair().repaired.isEmpty)
        #expect(try await archive.verify(options: VerificationOptions(deep: true)).isIntact)
    }

    @Test func whatIsNoArchiveIsRefused() throws {
        try workshop.directory.write([1], to: "directory/file")
        let directory = workshop.path("directory"), nothing = workshop.path("nothing")
        #expect(code { _ = try Archive(at: directory) } == .notAnArchive)
        #expect(code { _ = try Archive(at: nothing) } == .notFound)
    }
}
