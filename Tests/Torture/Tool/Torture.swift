import Glibc
import FileSystem
import TensorFiles
import TortureKit
import VarveTestSupport

/// All of the torture, with its figures; exits 1 where anything is not as it should be.
///
///     Torture KIND... [--scenario WORD] [--tool PATH] [--kills N] [--stride N]
///
/// KIND: kill, errors, power, resume, random, disk. `random` and `disk` need the command line tool.
@main struct Torture {
    private var kinds: [String] = []
    private var options = ["--scenario": "", "--tool": "", "--kills": "1000", "--stride": "1"]
    private var isRight = true

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == KillTorture.childWord {
            exit(await KillTorture.child(Array(arguments.dropFirst())))
        }
        var torture = Torture()
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if torture.options[word] != nil {
                torture.options[word] = rest.popFirst()
            } else {
                torture.kinds.append(word)
            }
        }
        for kind in torture.kinds { try await torture.run(kind) }
        exit(torture.isRight ? 0 : 1)
    }

    private mutating func run(_ kind: String) async throws {
        let word = options["--scenario"] ?? "", tool = options["--tool"] ?? ""
        let stride = Int(options["--stride"] ?? "") ?? 1, kills = Int(options["--kills"] ?? "") ?? 1000
        print("== \(kind)")
        let chosen = Scenarios.all.filter { word.isEmpty || $0.name.contains(word) }
        let killed = chosen.filter { $0.arguments != nil && $0.isRandomlyKilled }
        var total = 0
        let begin = ContinuousClock.now
        for scenario in chosen {
            let directory = try TemporaryDirectory()
            let figures: Figures?
            switch kind {
            case "kill":
                figures = try await KillTorture.run(
                    scenario, in: directory.path, program: CommandLine.arguments[0], stride: stride)
            case "errors": figures = try await ErrorTorture.run(scenario, in: directory.path, stride: stride)
            case "power":
                guard scenario.isDurable else { continue }
                figures = try await PowerTorture.run(scenario, in: directory.path, stride: stride * scenario.stride)
            case "resume":
                guard scenario.isDurable, scenario.isRepeatable else { continue }
                figures = try await PowerTorture.runResumed(scenario, in: directory.path, interruptions: 5 * stride)
            case "random":
                guard scenario.isRandomlyKilled else { continue }
                figures = try await RandomKills.run(
                    scenario, in: directory.path, tool: tool, count: (kills + killed.count - 1) / killed.count,
                    scale: 20)
            case "disk": figures = try await FullDisk.run(scenario, in: directory.path, tool: tool, stride: stride)
            default:
                print("no such kind: \(kind)")
                exit(2)
            }
            guard let figures else {
                print("\(scenario.name): SKIPPED, no file system can be mounted here (root can)")
                continue
            }
            print(figures.line)
            for violation in figures.violations.prefix(20) { print("    " + violation) }
            isRight = isRight && figures.violations.isEmpty
            total += figures.count
            fflush(nil)
        }
        print("\(kind): \(total) in all, \((ContinuousClock.now - begin).components.seconds) s")
    }
}
