import Glibc
import Testing
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// The system fails at every call in turn: an error that says so, and an archive that is intact. Serialized, because the
/// injector is one for the process.
@Suite(.serialized) struct FailureTests {
    let directory = try! TemporaryDirectory()

    /// Fails writing calls from the n-th on, on paths that contain a word.
    private final class Failing: SystemCalls.FaultInjector, @unchecked Sendable {
        private let lock = NSLockLike()
        private var left: Int
        private let number: Int32
        private let word: String
        private let forEver: Bool
        private(set) var hits = 0

        init(at left: Int, errno number: Int32, onPathsWith word: String, forEver: Bool) {
            self.left = left
            self.number = number
            self.word = word
            self.forEver = forEver
        }

        func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
            guard path.contains(word) else { return nil }
            switch call {
            case .write, .sync, .rename, .truncate, .makeDirectory, .open, .close: break
            default: return nil
            }
            return lock.locked {
                left -= 1
                guard left == 0 || (forEver && left < 0) else { return nil }
                hits += 1
                return number
            }
        }

        func shortWrite(path: String, count: Int) -> Int? { path.contains(word) ? max(1, count / 3) : nil }
    }

    private final class NSLockLike: @unchecked Sendable {
        private var mutex = pthread_mutex_t()
        init() { pthread_mutex_init(&mutex, nil) }
        func locked<Result>(_ body: () -> Result) -> Result {
            pthread_mutex_lock(&mutex)
            defer { pthread_mutex_unlock(&mutex) }
            return body()
        }
    }

    @Test func aFullDiskAtAnyCallLeavesAnArchiveThatGoesOn() async throws {
        let reference = Paths.join(directory.path, "reference.varve")
        _ = try await Compressor(run: Fixture.oddRun, archive: reference).compress()
        let expected = try Trees.content(reference)
        var failures = 0
        for call in stride(from: 1, to: 400, by: 3) {
            let word = "marked-\(call).varve"
            let archive = Paths.join(directory.path, word)
            let injector = Failing(at: call, errno: ENOSPC, onPathsWith: word, forEver: call % 2 == 0)
            SystemCalls.install(injector)
            do throws(VarveError) {
                _ = try await Compressor(run: Fixture.oddRun, archive: archive).compress()
                SystemCalls.install(nil)
                if injector.hits == 0 { break }
            } catch {
                SystemCalls.install(nil)
                #expect(error.code == .noSpace, "call \(call): \(error)")
                failures += 1
            }
            if (try? FileIdentity(path: Paths.join(archive, "archive.manifest"))) != nil {
                let result = try await Verifier(archive: archive, deep: true).verify()
                #expect(result.isIntact, "call \(call): \(result.findings)")
            }
            _ = try await Compressor(run: Fixture.oddRun, archive: archive).compress()
            var content = try Trees.content(archive)
            var wanted = expected
            // Which of its two names the run's part has depends on how often it was written.
            for key in content.keys where key.hasPrefix("run") { content[key] = nil }
            for key in wanted.keys where key.hasPrefix("run") { wanted[key] = nil }
            #expect(content == wanted, "call \(call)")
            try Directories.remove(archive)
        }
        #expect(failures > 20)
    }

    @Test func aFailingRestoreLeavesNothing() async throws {
        let archive = Paths.join(directory.path, "source.varve")
        _ = try await Compressor(run: Fixture.oddRun, archive: archive).compress()
        var failures = 0
        for call in stride(from: 1, to: 300, by: 2) {
            let word = "target-\(call)-"
            let output = Paths.join(directory.path, word)
            let injector = Failing(at: call, errno: EIO, onPathsWith: word, forEver: false)
            SystemCalls.install(injector)
            do throws(VarveError) {
                try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
                SystemCalls.install(nil)
                if injector.hits == 0 { break }
            } catch {
                SystemCalls.install(nil)
                failures += 1
                #expect(error.code == .inputOutput)
                #expect(!Directories.exists(output), "call \(call)")
            }
            let leftover = try SystemCalls.list(directory.path).filter { $0.hasPrefix(OutputFile.temporaryPrefix) }
            #expect(leftover == [], "call \(call)")
            try Directories.remove(output)
        }
        #expect(failures > 5)
    }
}
