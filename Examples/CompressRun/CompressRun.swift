import Varve

/// Compresses a run, restores its newest step, and returns how many times smaller the archive is.
func compressRun(_ run: String, to path: String, restoringTo output: String) async throws -> Double {
    try await Archive.compress(run: run, to: path)
    let archive = try Archive(at: path)
    try await archive.restore(.latest, to: output)
    return try archive.report().total.ratio
}
