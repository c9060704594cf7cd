import FileSystem
import TensorFiles
import Testing

@testable import Varve

/// What may stand where in a restored tree.
@Suite struct PathClaimsTests {
    private func claims(_ paths: [(String, PathClaims.Claim)]) throws -> PathClaims {
        var claims = PathClaims()
        for (path, claim) in paths { try claims.add(path, claim) }
        return claims
    }

    @Test func onlyDirectoriesShareAPathOrHoldAnything() throws {
        var there = try claims([("a/b/file", .file), ("a/link", .link), ("empty", .directory)])
        #expect(there.isFile("a/b/file") && !there.isFile("a/b") && !there.isFile("a") && !there.isFile("none"))
        for (path, claim) in [
            ("a/b", .file), ("a", .link), ("a/b/file", .file), ("a/b/file", .directory), ("a/b/file/under", .file),
            ("a/link/under", .directory), ("empty", .file),
        ] as [(String, PathClaims.Claim)] {
            let error = #expect(throws: VarveError.self) { try there.add(path, claim) }
            #expect(error?.code == .exists)
        }
        try there.add("a/b", .directory)
        try there.add("empty/file", .file)
        try there.add("a/b2", .file)
        #expect(there.isFile("a/b2") && there.isFile("empty/file"))
    }

    @Test func oneTreeIsAddedToAnotherWholeOrNotAtAll() throws {
        var there = try claims([("a/one", .file), ("b", .link)])
        for other in [
            [("new", .file), ("b", .directory)], [("new", .file), ("b/c", .file)], [("new", .file), ("a", .file)],
        ]
            as [[(String, PathClaims.Claim)]]
        {
            let clash = try claims(other)
            let error = #expect(throws: VarveError.self) { try there.add(clash) }
            #expect(error?.code == .exists)
            #expect(!there.isFile("new"))
        }
        try there.add(try claims([("a/two", .file), ("c/d/e", .file)]))
        #expect(there.isFile("a/one") && there.isFile("a/two") && there.isFile("c/d/e"))
    }

    /// Kept as texts, the paths above them would be half a gigabyte.
    @Test func manyLongPathsCostNoMoreThanTheirBytes() throws {
        var claims = PathClaims()
        let tail = String(repeating: "/d", count: 2000)
        for number in 0..<100 { try claims.add("\(number)" + tail, .directory) }
        try claims.add("7/d/file", .file)
        #expect(throws: VarveError.self) { try claims.add("7/d/file/under", .file) }
    }
}
