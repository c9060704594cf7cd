import FileSystem
import TensorFiles

/// A command on the fixture: the state it finds, and what it does.
package struct Scenario: Sendable {
    package let name: String
    /// Makes the state before the command, in an empty directory.
    package let prepare: @Sendable (Workspace) async throws -> Void
    /// The command, on one thread. Tells what it promises by `tell`: numbers of steps that are there from now on.
    package let command: @Sendable (Workspace, _ tell: @escaping @Sendable (String) -> Void) async throws -> Void
    /// The command once more after it was interrupted; mostly the same.
    package let again: @Sendable (Workspace) async throws -> Void
    /// The same as arguments of the command line tool; `nil` where that is not tried.
    package let arguments: (@Sendable (Workspace) -> [String])?
    /// Whether the archive that comes out is the same to the byte each time. Where originals go, the run's own files are
    /// described otherwise when it is run again.
    package let isRepeatable: Bool
    /// Whether errors of reading are findings instead.
    package let isReport: Bool
    /// Whether the archive is damaged, and the command mends it: each of its files is as it was or as it will be.
    package let mends: Bool
    /// Whether it writes so much that a kill at a time of chance meets it at work.
    package var isRandomlyKilled: Bool { arguments != nil && name != "pin" && name != "verify --deep" }
    /// Tries every so many calls, where trying each takes too long.
    package let stride: Int
    /// Steps of the state before that the command takes away or changes.
    package let drops: Set<Int>
    /// Whether it takes away originals that are in the archive.
    package let removesSources: Bool
    /// Whether what it writes is flushed before it is promised; a restore's output is not.
    package let isDurable: Bool

    package init(
        _ name: String, drops: Set<Int> = [], removesSources: Bool = false, isDurable: Bool = true,
        isRepeatable: Bool = true, isReport: Bool = false, mends: Bool = false, stride: Int = 1,
        arguments: (@Sendable (Workspace) -> [String])? = nil,
        prepare: @escaping @Sendable (Workspace) async throws -> Void,
        again: (@Sendable (Workspace) async throws -> Void)? = nil,
        command: @escaping @Sendable (Workspace, _ tell: @escaping @Sendable (String) -> Void) async throws -> Void
    ) {
        self.name = name
        self.drops = drops
        self.removesSources = removesSources
        self.isDurable = isDurable
        self.isRepeatable = isRepeatable
        self.isReport = isReport
        self.mends = mends
        self.stride = stride
        self.arguments = arguments
        self.prepare = prepare
        self.command = command
        self.again = again ?? { workspace in try await command(workspace) { _ in } }
    }
}
