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
