import ArgumentParser
import Varve

/// What to do where another process writes to the archive.
struct LockOptions: ParsableArguments {
    @Option(
        name: .customLong("wait"), defaultAsFlag: WaitTime.unlimited,
        help: ArgumentHelp(
            "Wait while another process writes to the archive, for so many seconds; without a number until it is done.",
            valueName: "seconds"))
    var time: WaitTime?

    /// - Parameter common: says that it waits, and for whom.
    func wait(_ common: CommonOptions) -> LockWait? {
        time.map { LockWait(seconds: $0.seconds) { common.waiting($0) } }
    }
}

extension LockOptions {
    /// The arguments with the number of `--wait=60` apart: the parser takes an option that may stand alone for one that does.
    static func separated(_ arguments: [String]) -> [String] {
        let prefix = "--wait="
        let options = arguments.prefix { $0 != "--" }
        return options.flatMap { $0.hasPrefix(prefix) ? ["--wait", String($0.dropFirst(prefix.count))] : [$0] }
            + arguments.dropFirst(options.count)
    }
}

/// Seconds to wait.
struct WaitTime: ExpressibleByArgument, CustomStringConvertible {
    let seconds: Double

    static let unlimited = WaitTime(seconds: .infinity)

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        guard let seconds = Double(argument), seconds >= 0 else { return nil }
        self.seconds = seconds
    }

    var description: String { seconds == .infinity ? "until it is done" : "\(seconds)" }
}
