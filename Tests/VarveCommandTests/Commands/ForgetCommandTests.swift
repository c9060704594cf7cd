import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What `forget`, `pin` and `prune` say to people and programs, and their exit codes.
@Suite struct ForgetCommandTests {
    let codes = ExitCodeTests()

    /// Steps 100, 200 and 300, of which each builds on the one before.
    private func compressed() throws -> String {
        let archive = codes.path("a.varve")
        let outcome = try codes.varve("compress", Paths.join(ExitCodeTests.fixtures, "odd-run"), archive, "-q")
        #expect(outcome.status == 0, "\(outcome)")
        return archive
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func steps(_ archive: String) throws -> [Int] {
        let list = try object(try codes.varve("list", archive, "--json").output)
        return (list["steps"] as? [[String: Any]] ?? []).compactMap { $0["step"] as? Int }
    }

    private func bytes(_ archive: String) throws -> Int {
        let files = FileManager.default.enumerator(atPath: archive)?.allObjects as? [String] ?? []
        // What covers the manifests is made anew after pruning; no plan counts it.
        return try files.filter { $0 != "manifests.parity" }.reduce(0) { sum, name in
            let facts = try FileManager.default.attributesOfItem(atPath: Paths.join(archive, name))
            return sum + (facts[.type] as? FileAttributeType == .typeRegular ? facts[.size] as? Int ?? 0 : 0)
        }
    }

    @Test func aPlanChangesNothingAndForetellsWhatIsFreed() throws {
        let archive = try compressed()
        let before = try bytes(archive)
        let plan = try codes.varve("forget", archive, "--keep-last", "1", "--dry-run")
        #expect(plan.status == 0 && plan.error.isEmpty)
        for text in ["freed", "forgotten, kept in part: step 300 builds on it", "kept\n", "would forget 2 steps"] {
            #expect(plan.output.contains(text), "\(text): \(plan.output)")
        }
        #expect(plan.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(try bytes(archive) == before && steps(archive) == [100, 200, 300])
        let document = try object(
            try codes.varve("forget", archive, "--keep-last", "1", "--dry-run", "--json").output)
        #expect(document["type"] as? String == "forget" && document["dryRun"] as? Bool == true)
        let freed = try #require(document["freedBytes"] as? Int)
        #expect(freed > 0)
        let now = try object(try codes.varve("forget", archive, "--keep-last", "1", "--now", "--json").output)
        #expect(now["forgotten"] as? [Int] == [100, 200] && now["pruned"] as? Bool == true)
        #expect(try bytes(archive) == before - freed && steps(archive) == [300])
        #expect(try codes.varve("verify", archive, "--deep").status == 0)
        #expect(try codes.varve("restore", archive, "--step", "300", "-o", codes.path("o")).status == 0)
    }

    /// A step of which only moments were forgotten is there.
    @Test func forgottenStepsAreCountedApartFromThoseThatAreThere() throws {
        let archive = codes.path("b.varve"), run = Paths.join(ExitCodeTests.fixtures, "hf-trainer-run")
        #expect(try codes.varve("compress", run, archive, "-q", "--quality", "lossless").status == 0)
        for (steps, options, said) in [
            ("200", ["--moments-only"], "5 already there"), ("400", ["--dry-run"], "5 already there"),
            ("400", [], "4 already there; 1 forgotten before"), ("200", [], "3 already there; 2 forgotten before"),
        ] {
            #expect(try codes.varve(["forget", archive, "--steps", steps] + options).status == 0)
            let again = try codes.varve("compress", run, archive, "--quality", "lossless")
            #expect(again.output.contains("0 steps added; \(said)\n"), "\(again)")
            let plan = try codes.varve("compress", run, archive, "--quality", "lossless", "--dry-run")
            #expect(plan.output.contains("0 steps to add; \(said)\n"), "\(plan)")
        }
    }

    @Test func whatIsForgottenComesBackUntilItIsPruned() throws {
        let archive = try compressed()
        let forgotten = try codes.varve("forget", archive, "--steps", "100,300-")
        #expect(forgotten.status == 0 && forgotten.output.contains("forgot 2 steps; `varve prune` would free"))
        #expect(try steps(archive) == [200])
        #expect(try codes.varve("list", archive).output.contains("forgotten, not pruned"))
        #expect(try codes.varve("report", archive).output.contains("forgotten steps, not pruned or still needed: 2, "))
        let lost = try codes.varve("restore", archive, "--step", "300", "-o", codes.path("o"))
        #expect(lost.status == 2 && lost.error.contains("--undo --steps 300"))
        #expect(try codes.varve("forget", archive, "--undo", "--steps", "300").output == "back: 300\n")
        let undone = try object(try codes.varve("forget", archive, "--undo", "--json").output)
        #expect(undone["type"] as? String == "undo" && undone["steps"] as? [Int] == [100])
        #expect(try codes.varve("forget", archive, "--undo").output == "nothing to bring back\n")
        #expect(try steps(archive) == [100, 200, 300])

        #expect(try codes.varve("forget", archive, "--steps", "300", "-q").status == 0)
        let before = try bytes(archive)
        let plan = try codes.varve("prune", archive, "-n")
        #expect(plan.status == 0 && plan.output.contains("would free") && plan.output.contains("forgotten"))
        #expect(try bytes(archive) == before)
        let pruned = try object(try codes.varve("prune", archive, "--json").output)
        #expect(pruned["type"] as? String == "prune" && pruned["dryRun"] as? Bool == false)
        #expect(try bytes(archive) == before - (pruned["freedBytes"] as? Int ?? 0))
        let gone = try codes.varve("forget", archive, "--undo", "--steps", "300")
        #expect(gone.status == 2 && gone.error.contains("was pruned and cannot be brought back"))
    }

    @Test func pinsAreToldAndHold() throws {
        let archive = try compressed()
        #expect(try codes.varve("pin", archive).output == "nothing is pinned\n")
        #expect(try codes.varve("pin", archive, "--steps", "100,200").output == "pinned: 100, 200\n")
        let pins = try object(try codes.varve("pin", archive, "--json").output)
        #expect(pins["type"] as? String == "pins" && pins["steps"] as? [Int] == [100, 200])
        #expect(try codes.varve("list", archive).output.contains("pinned"))
        let refused = try codes.varve("forget", archive, "--steps", "200")
        #expect(refused.status == 2 && refused.error.contains("step 200 is pinned; `varve pin --remove --steps 200`"))
        #expect(try codes.varve("pin", archive, "--remove", "--steps", "200").output == "pinned: 100\n")
        #expect(try codes.varve("forget", archive, "--keep-last", "1").status == 0)
        #expect(try steps(archive) == [100, 300])
    }

    @Test func whatMakesNoSenseIsTwoAndChangesNothing() throws {
        let archive = try compressed()
        let before = try bytes(archive)
        for wrong in [
            ["forget"], ["forget", "--keep-last", "0"], ["forget", "--keep-every", "0"],
            ["forget", "--keep-last", "1", "--steps", "100"], ["forget", "--steps", "150"],
            ["forget", "--steps", "300-100"], ["forget", "--undo", "--keep-last", "1"], ["forget", "--undo", "--now"],
            ["forget", "--undo", "--steps", "100"], ["pin", "--remove"], ["pin", "--steps", "7"],
            ["forget", "--steps", "100-"], ["forget", "--steps", "100,200,300", "--now"],
            ["forget", "--rebase", "--moments-only", "--keep-last", "1"], ["forget", "--rebase", "--undo"],
            ["forget", "--keep-last", "1", "--base", "x"], ["forget", "--rebase", "--keep-last", "0"],
        ] {
            let outcome = try codes.varve([wrong[0], archive] + wrong.dropFirst())
            #expect(outcome.status == 2 && outcome.output.isEmpty && !outcome.error.isEmpty, "\(wrong): \(outcome)")
            let error = try object(try codes.varve([wrong[0], archive] + wrong.dropFirst() + ["--json"]).error)
            #expect(error["type"] as? String == "error" && error["exit"] as? Int == 2, "\(wrong)")
        }
        #expect(try bytes(archive) == before && steps(archive) == [100, 200, 300])
        for command in [["forget", "--keep-last", "1"], ["pin", "--steps", "1"], ["prune"]] {
            let foreign = try codes.varve([command[0], codes.directory.path] + command.dropFirst())
            #expect(foreign.status == 10, "\(foreign)")
            #expect(try codes.varve([command[0], codes.path("nowhere")] + command.dropFirst()).status == 1)
            #expect(!FileManager.default.fileExists(atPath: codes.path("nowhere")))
        }
    }

    @Test func anotherWriterIsElevenAndPlansNeedNoLock() throws {
        let archive = try compressed()
        let descriptor = try SystemCalls.open(Paths.join(archive, "lock"), flags: O_RDWR | O_CREAT)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        for command in [
            ["forget", "--keep-last", "1"], ["forget", "--undo"], ["pin", "--steps", "100"], ["prune"],
            ["forget", "--keep-last", "1", "--rebase"],
        ] {
            let locked = try codes.varve([command[0], archive] + command.dropFirst())
            #expect(locked.status == 11 && locked.error.contains("another process"), "\(command): \(locked)")
        }
        for command in [["forget", "--keep-last", "1", "-n"], ["pin"], ["prune", "-n"]] {
            #expect(try codes.varve([command[0], archive] + command.dropFirst()).status == 0, "\(command)")
        }
    }

    @Test func stepsThatStayAreTakenAgain() throws {
        let archive = try compressed()
        let plan = try codes.varve("forget", archive, "--keep-last", "2", "--dry-run")
        #expect(plan.status == 0 && plan.output.contains("with --rebase about "))
        #expect(plan.output.contains(": 2 steps would be taken again\n"))
        #expect(plan.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        let before = try bytes(archive)
        let done = try codes.varve("forget", archive, "--keep-last", "2", "--rebase")
        #expect(done.status == 0, "\(done)")
        #expect(done.output.contains("forgot 1 step, took 2 again; `varve prune` would free"))
        #expect(done.error.contains("note: step 200 was taken again from what the archive restored of it"))
        #expect(try codes.varve("restore", archive, "--step", "300", "--replaced", "-o", codes.path("old")).status == 0)
        #expect(try codes.varve("prune", archive).status == 0)
        #expect(try codes.varve("verify", archive, "--deep").status == 0)
        #expect(try steps(archive) == [200, 300] && bytes(archive) < before)
        #expect(try codes.varve("restore", archive, "--step", "300", "--replaced", "-o", codes.path("o")).status == 2)

        let document = try object(
            try codes.varve("forget", archive, "--keep-last", "1", "--rebase", "--now", "--json").output)
        #expect(document["type"] as? String == "forget" && document["pruned"] as? Bool == true)
        let again = try #require((document["rebased"] as? [[String: Any]])?.first)
        #expect(again["step"] as? Int == 300 && again["largestChange"] is Double && again["predecessor"] == nil)
        let idle = try codes.varve("forget", archive, "--rebase", "--now", "-q")
        #expect(idle.status == 0 && idle.output.isEmpty && idle.error.isEmpty)
        #expect(try codes.varve("restore", archive, "--step", "latest", "-o", codes.path("o")).status == 0)
    }

    @Test func quietIsSilent() throws {
        let archive = try compressed()
        for arguments in [
            ["forget", archive, "--keep-last", "1"], ["forget", archive, "--undo"],
            ["forget", archive, "--steps", "100", "--now"], ["prune", archive],
        ] {
            let outcome = try codes.varve(arguments + ["-q"])
            #expect(outcome.status == 0 && outcome.output.isEmpty && outcome.error.isEmpty, "\(arguments): \(outcome)")
        }
        // Plans and pins are what was asked for.
        #expect(try codes.varve("forget", archive, "--keep-last", "1", "-n", "-q").output.contains("builds on it"))
        #expect(try codes.varve("pin", archive, "-q").output == "nothing is pinned\n")
    }
}
