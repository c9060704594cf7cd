package import FileSystem

/// The state of everything under a run: what there is, and how large and old. Two that are equal were taken while nothing
/// happened in between; nothing is opened for it.
package struct RunListing: Hashable, Sendable {
    private let identities: [String: FileIdentity]

    /// - Parameter path: the run's directory, or a single checkpoint's file.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where the path itself cannot be listed.
    package init(_ path: String) throws(VarveError) {
        let identity = try FileIdentity(path: path, following: true)
        guard identity.kind == .directory else {
            identities = ["": identity]
            return
        }
        let scan = try RunScan(path)
        identities = Dictionary(scan.entries.map { ($0.path, $0.identity) }, uniquingKeysWith: { first, _ in first })
    }
}
