import ArgumentParser
import Varve

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Write a step, or all of them, back as checkpoints.",
        usage: "varve restore <archive> --step <step> --output <directory> [<options>]",
        discussion: """
            --step N, latest or a checkpoint's name writes that step's own files into the output directory; several steps \
            (200-400, 200,600) come under their own names; --step all recreates the run there. Every tensor is compared with \
            its hash; nothing incomplete is left behind.

            --as safetensors writes whole tensors by name instead, whatever files and pieces they lie in: model.safetensors \
            and optimizer.safetensors, as shards with an index if they are large. With --only and names of tensors just these, \
            and nothing else is decoded; states are called NAME.exp_avg and the like, and weights,NAME leaves them out.

              varve restore out.varve --step latest --output restored
              varve restore out.varve --steps 200-400 --output restored
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Option(
        name: [.customLong("step"), .customLong("steps")],
        help: ArgumentHelp(
            "A number, A-B, latest, all, or a checkpoint's name; several with commas between.", valueName: "step"))
    var step: StepSelection

    @Option(
        name: [.short, .long], help: ArgumentHelp("The directory to write to.", valueName: "directory"),
        completion: .directory)
    var output: String

    @Option(
        help: ArgumentHelp(
            "weights: only the files that hold them. Or names of tensors, such as 'model.layers.0.*', with commas between: "
                + "only these, as safetensors.", valueName: "tensors"))
    var only: TensorSelection?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Write all tensors by name into safetensors files.", valueName: "safetensors"))
    var format: Format?

    @Option(
        help: ArgumentHelp(
            "With --as: the most bytes that a file's tensors have, as in 500MB; 5GB where it is left out.",
            valueName: "size"))
    var shardSize: MemorySize?

    @Flag(help: "Replace files that are there.")
    var overwrite = false

    @Flag(help: "What `compress --replace` replaced, instead of what came in its place; until it is pruned.")
    var replaced = false

    @Option(
        help: ArgumentHelp("What --base named when the archive was made: a path or a model's name.", valueName: "base"))
    var base: String?

    @OptionGroup var work: WorkOptions

    @OptionGroup var common: CommonOptions

    enum Format: String, ExpressibleByArgument, CaseIterable { case safetensors }

    func validate() throws {
        guard shardSize == nil || isExport else { throw ValidationError("--shard-size needs --as safetensors") }
    }

    /// Tensors by name come as safetensors, whether that was said or not.
    private var isExport: Bool { format != nil || only?.names.isEmpty == false }

    func run() async throws {
        let archive = try Archive(at: normalized(archive)), selection = try step.restored(from: archive.path)
        var options = RestoreOptions(
            onlyWeights: only?.onlyWeights ?? false, overwrite: overwrite, base: base, threads: work.threads,
            memory: work.memory?.bytes)
        options.replaced = replaced
        options.names = only?.names ?? []
        if isExport {
            options.format = shardSize.map { .safetensors(shardBytes: $0.bytes) } ?? .safetensors()
        }
        let chosen = options
        let bar = ProgressBar(verb: "restoring", options: common)
        let output = normalized(output)
        let steps = try await Interruption.run(saved: { "nothing was restored to \(output)" }) {
            try await archive.restore(selection, to: output, options: chosen, progress: bar.handler)
        }
        bar.finish()
        try common.finish("restoration", Result(output: output, steps: steps)) {
            common.say(
                steps.count == 1
                    ? "step \(steps[0]) restored to \(output)" : "\(steps.count) steps restored to \(output)")
        }
    }

    struct Result: Encodable {
        var output: String
        var steps: [Int]
    }
}
