extension Directories {
    /// Whether the directory is `root` or lies below it, whatever links its path goes through.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where one of them cannot be looked at.
    package static func lies(_ directory: String, in root: String) throws(VarveError) -> Bool {
        let wanted = try FileIdentity(path: root, following: true)
        var path = directory, here = try FileIdentity(path: path, following: true)
        while true {
            if here.device == wanted.device, here.inode == wanted.inode { return true }
            path = Paths.join(path, "..")
            let above = try FileIdentity(path: path, following: true)
            if above.device == here.device, above.inode == here.inode { return false }
            here = above
        }
    }
}
