import ArgumentParser
import Varve

/// `--part`: a worker's part of every step, said or told by what started the process.
struct PartChoice: ExpressibleByArgument {
    private enum Form {
        case explicit(index: Int, count: Int)
        /// Of so many; `nil` for as many as were started.
        case automatic(count: Int?)
    }

    private let form: Form

    init?(argument: String) {
        let words = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count <= 2 else { return nil }
        let count = words.count == 2 ? Int(words[1]) : nil
        if words[0] == "auto" {
            guard words.count == 1 || count ?? 0 >= 1 else { return nil }
            form = .automatic(count: count)
            return
        }
        guard let index = Int(words[0]), let count, index >= 0, index < count else { return nil }
        form = .explicit(index: index, count: count)
    }

    /// What started the process, by the variables that it sets.
    private struct Launcher {
        var index: String
        var count: String
        /// Whether all of them run at the same time.
        var isGang = true
    }

    /// The innermost first: torchrun and mpirun run within jobs of Slurm.
    private static let launchers = [
        Launcher(index: "RANK", count: "WORLD_SIZE"),
        Launcher(index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE"),
        Launcher(index: "SLURM_PROCID", count: "SLURM_STEP_NUM_TASKS"),
        Launcher(index: "PMI_RANK", count: "PMI_SIZE"),
        Launcher(index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", isGang: false),
        Launcher(index: "SLURM_PROCID", count: "SLURM_NTASKS"),
    ]

    /// The part of this process, and what told it.
    /// - Throws: `.usage` where nothing tells.
    /// - Parameter variable: gives a variable of the environment.
    func options(
        _ variable: (String) -> String? = ProcessEnvironment.value
    ) throws(VarveError) -> (part: PartOptions, source: String?) {
        switch form {
        case .explicit(let index, let count): return (PartOptions(index: index, count: count), nil)
        case .automatic(let wanted): return try Self.find(wanted, variable)
        }
    }

    private static func find(
        _ wanted: Int?, _ variable: (String) -> String?
    ) throws(VarveError) -> (part: PartOptions, source: String?) {
        func number(_ name: String) -> Int? { variable(name).flatMap { Int($0) } }
        let told = launchers.compactMap { launcher -> (launcher: Launcher, index: Int, count: Int)? in
            guard let index = number(launcher.index), let count = number(launcher.count) else { return nil }
            return (launcher, index, count)
        }
        // One of one is what every job of Slurm is to begin with.
        guard
            let found = told.first(where: {
                $0.count > 1 || $0.launcher.index == "SLURM_ARRAY_TASK_ID"
            }) ?? told.first
        else {
            throw VarveError(
                .usage,
                "--part auto: nothing says which part this is (RANK, OMPI_COMM_WORLD_RANK, SLURM_PROCID, PMI_RANK, "
                    + "SLURM_ARRAY_TASK_ID); say --part I/N")
        }
        var (index, count) = (found.index, found.count)
        if !found.launcher.isGang {
            let first = number("SLURM_ARRAY_TASK_MIN") ?? 0, last = number("SLURM_ARRAY_TASK_MAX") ?? count - 1
            guard wanted != nil || (first == 0 && last == count - 1) else {
                throw VarveError(
                    .usage,
                    "--part auto: the array is not 0-N; say of how many parts each step consists: --part auto/N")
            }
        } else if found.launcher.count == "SLURM_NTASKS", count > 1 {
            throw VarveError(
                .usage, "--part auto: the job has \(count) tasks, and this is none of them: start it with srun")
        }
        count = wanted ?? count
        guard index >= 0, index < count else {
            throw VarveError(.usage, "--part auto: \(found.launcher.index) is \(index), and there are \(count) parts")
        }
        var part = PartOptions(index: index, count: count)
        part.patience = found.launcher.isGang ? .infinity : 0
        return (part, found.launcher.index)
    }
}
