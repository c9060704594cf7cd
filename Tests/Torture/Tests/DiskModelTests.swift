@testable import TortureKit
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The model of a disk forgets what was not flushed, and only that: a model that forgets nothing would find nothing.
@Suite struct DiskModelTests {
    let directory = try! TemporaryDirectory()

    private func model(after changes: [RecordedCalls.Change]) -> DiskModel {
        var model = DiskModel(Tree(), root: "/r")
        for change in changes { model.apply(change) }
        return model
    }

    private func state(_ model: DiskModel, kept: UInt64, stale: UInt8 = 0) throws -> [String: [UInt8]] {
        var random = SplitMix64(seed: 3)
        let path = directory.file("state")
        try model.materialize(at: path, kept: kept, stale: stale, random: &random)
        return try Tree(path).nodes.mapValues(\.content)
    }

    private let created: [RecordedCalls.Change] = [
        .open(file: 1, path: "/r/a", mayCreate: true, isEmptied: true),
        .write(file: 1, offset: 0, bytes: [1, 2, 3]),
    ]
    private let flushedDirectory: [RecordedCalls.Change] = [
        .open(file: 2, path: "/r", mayCreate: false, isEmptied: false), .sync(file: 2),
    ]

    @Test func aNameThatWasNotFlushedMayBeGone() throws {
        let model = model(after: created + [.sync(file: 1)])
        #expect(try state(model, kept: 0) == [:])
        #expect(try state(model, kept: 256) == ["a": [1, 2, 3]])
    }

    @Test func bytesThatWereNotFlushedMayBeGoneThoughTheNameIsThere() throws {
        let model = model(after: created + flushedDirectory)
        #expect(try state(model, kept: 0) == ["a": []])
        #expect(
            try state(self.model(after: created + [.sync(file: 1)] + flushedDirectory), kept: 0) == ["a": [1, 2, 3]])
    }

    @Test func aMoveIsWholeOrNotAtAll() throws {
        let moved = created + [.sync(file: 1)] + flushedDirectory + [.rename(from: "/r/a", to: "/r/b")]
        #expect(try state(model(after: moved), kept: 0) == ["a": [1, 2, 3]])
        #expect(try state(model(after: moved), kept: 256) == ["b": [1, 2, 3]])
        #expect(try state(model(after: moved + [.sync(file: 2)]), kept: 0) == ["b": [1, 2, 3]])
    }

    @Test func aRemovalThatWasNotFlushedMayNotHaveHappened() throws {
        let removed = created + [.sync(file: 1)] + flushedDirectory + [.unlink(path: "/r/a")]
        #expect(try state(model(after: removed), kept: 0) == ["a": [1, 2, 3]])
        #expect(try state(model(after: removed), kept: 256) == [:])
    }

    @Test func pagesAreLostOneByOne() throws {
        let bytes = [UInt8](repeating: 9, count: 3 * 4096)
        let model = model(
            after: [created[0], .write(file: 1, offset: 0, bytes: bytes)] + flushedDirectory)
        var contents = Set<[UInt8]>()
        var random = SplitMix64(seed: 1)
        for _ in 0..<60 {
            try model.materialize(at: directory.file("pages"), kept: 128, stale: 0xA5, random: &random)
            contents.insert(try #require(try Tree(directory.file("pages")).nodes["a"]).content)
        }
        // No bytes at all, or any of the three pages, the others as the disk had them.
        #expect(contents.count == 9)
        #expect(contents.contains([UInt8](repeating: 0xA5, count: 3 * 4096)))
    }

    @Test func theRecorderWritesDownWhatAFileBecomes() async throws {
        let recorder = RecordedCalls(under: directory.path)
        await #expect(throws: Never.self) {
            try await SystemCalls.withInjector(recorder) { try directory.write([1, 2], to: "x") }
        }
        var model = DiskModel(Tree(), root: directory.path)
        for change in recorder.changes { model.apply(change) }
        #expect(try state(model, kept: 256) == ["x": [1, 2]])
        #expect(try state(model, kept: 0) == [:])
    }
}
