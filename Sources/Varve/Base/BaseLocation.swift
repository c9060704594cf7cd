import Checkpoints
import FileSystem

/// Where the weights lie that `--base` names: a checkpoint or model on disk, or a model in the local hub cache.
struct BaseLocation: Sendable {
    /// As it was given, and with the revision where the hub cache was asked: what names the same weights later.
    let name: String
    /// A directory or a file.
    let path: String
    let isInHubCache: Bool

    /// A path that exists goes before a model's name.
    ///
    /// - Throws: `.notFound` where it is neither; the message says where was looked.
    init(_ name: String, cache: HubCache = .current) throws(VarveError) {
        let missing: VarveError
        do throws(VarveError) {
            _ = try FileIdentity(path: name, following: true)
            (self.name, path, isInHubCache) = (name, name, false)
            return
        } catch {
            missing = error
        }
        guard missing.code == .notFound, let model = HubCache.Name(name) else { throw missing }
        let snapshot: HubCache.Snapshot
        do throws(VarveError) { snapshot = try cache.snapshot(of: model) } catch {
            guard error.code == .notFound else { throw error }
            throw VarveError(.notFound, "there is no such file or directory, and \(error.message)", file: name)
        }
        // `main` will be another commit when the model has been downloaded anew.
        self.name = "\(model.repository)@\(snapshot.commit)"
        (path, isInHubCache) = (snapshot.directory, true)
    }

    /// The checkpoint or model, opened and understood.
    ///
    /// - Throws: `.usage` where nothing has weights; what reading it throws.
    func contents() throws(VarveError) -> StepContents {
        let run = try discover()
        guard let step = run.steps.first else {
            throw VarveError(.usage, "no checkpoint to take weights from", file: path)
        }
        return try StepContents.read(step, of: run)
    }

    /// As a run, of which the first step counts.
    private func discover() throws(VarveError) -> Run {
        if isInHubCache { return try Run.model(in: path) }
        let run: Run
        do throws(VarveError) { run = try Run.discover(path) } catch {
            // A snapshot of the hub's cache is nothing but symbolic links, which a run never follows.
            guard error.code == .usage, Directories.exists(path) else { throw error }
            return try Run.model(in: path)
        }
        // A model may be there in several forms at once, which are no parts of one checkpoint.
        guard run.steps.first?.path.isEmpty == true, let model = try? Run.model(in: path, anyName: false) else {
            return run
        }
        return model
    }
}
