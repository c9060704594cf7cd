import ChainArchive
import FileSystem
import TensorFiles

/// The directory that a scenario works in. Everything that it does happens below.
package struct Workspace: Sendable {
    package let root: String
    /// How many times as long each tensor of the run is.
    package let scale: Int

    package init(_ root: String, scale: Int = 1) {
        self.root = root
        self.scale = scale
    }

    package func path(_ name: String) -> String { Paths.join(root, name) }

    package var run: String { path("run") }
    /// Directories above it are made with it.
    package var archive: String { path("store/a.varve") }
    package var output: String { path("out/restored") }
    /// Where the state for the next step is kept, in scenarios that keep one.
    package var state: String { path(Self.stateName) }
    static let stateName = "state"

    /// Steps that are visible in the archive; none where there is no archive.
    package var visibleSteps: [Int] {
        get throws {
            guard isArchive else { return [] }
            return try ArchiveReader(archive).steps
        }
    }

    package var isArchive: Bool { (try? FileIdentity(path: Paths.join(archive, "archive.manifest"))) != nil }
}
