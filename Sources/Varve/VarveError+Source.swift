import FileSystem

extension VarveError {
    /// Whether the error means that one checkpoint cannot be read, rather than that the archive cannot be written.
    func concernsSource(run: String, archive: String) -> Bool {
        // The archive may lie in the run, and its name begins with the run's.
        if let file = location.file, Self.lies(file, under: archive) { return false }
        return switch code {
        case .incomplete, .truncated, .malformed, .sourceChanged, .unsupported: true
        // The trainer removed it, or its file system failed.
        case .notFound, .inputOutput, .permissionDenied: location.file.map { Self.lies($0, under: run) } ?? false
        default: false
        }
    }

    private static func lies(_ path: String, under directory: String) -> Bool {
        guard path != directory else { return true }
        return Paths.removing(Paths.join(directory, ""), from: path) != nil
    }
}
