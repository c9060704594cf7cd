@testable import FileSystem
import Testing
import VarveTestSupport

/// What removing looks at: where links lead, and what is mounted.
struct LinkTrailTests {
    private let directory = try! TemporaryDirectory()

    private func path(_ name: String) -> String { Paths.join(directory.path, name) }

    private func link(_ name: String, to target: String) throws {
        try Directories.create(Paths.split(path(name)).directory)
        try SystemCalls.symbolicLink(target: target, at: path(name))
    }

    /// The paths of a trail that lie in the test's directory, relative to it.
    private func paths(_ name: String) throws -> [String] {
        let root = Paths.join(try SystemCalls.realPath(directory.path), "")
        return try LinkTrail(path(name)).paths.compactMap { Paths.removing(root, from: $0) }
    }

    @Test func everyPlaceOnTheWayIsNamed() throws {
        _ = try directory.write([1], to: "run/one/file")
        try link("run/relative", to: "one/file")
        try link("run/below/up", to: "../one/./file")
        try link("run/parent", to: "../run/one")
        try link("run/absolute", to: path("run/one"))
        try link("run/chain", to: "below/again/file")
        try link("run/below/again", to: "../absolute")
        #expect(try paths("run/relative") == ["run/one", "run/one/file"])
        #expect(try paths("run/below/up") == ["run/one", "run/one/file"])
        #expect(try paths("run/parent").suffix(2) == ["run", "run/one"])
        #expect(try paths("run/absolute").suffix(2) == ["run", "run/one"])
        let chain = try paths("run/chain")
        #expect(chain.contains("run/below/again") && chain.contains("run/absolute") && chain.last == "run/one/file")
        // Behind a linked directory `..` is where that directory lies.
        try link("elsewhere/in", to: "../run/one")
        try link("run/odd", to: "../elsewhere/in/../one/file")
        #expect(try paths("run/odd").last == "run/one/file")
    }

    @Test func whatLeadsNowhereEnds() throws {
        try link("missing", to: "nothing/below")
        try link("self", to: "self")
        _ = try directory.write([1], to: "file")
        try link("through", to: "file/below")
        #expect(try paths("missing") == ["nothing"])
        #expect(try paths("self").allSatisfy { $0 == "self" })
        #expect(try paths("through") == ["file"])
    }

    @Test func mountsAreReadFromTheSystemsTable() {
        let mounts = MountPoints(
            table: """
                22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
                31 22 254:1 /data /run/a\\040b/shared rw - ext4 /dev/vda1 rw
                odd line
                """)
        #expect(mounts.first(in: "/run/a b") == "/run/a b/shared")
        #expect(mounts.first(in: "/run/a b/shared") == "/run/a b/shared")
        #expect(mounts.first(in: "/run/a") == nil && mounts.first(in: "/run/a b/shared/x") == nil)
    }
}
