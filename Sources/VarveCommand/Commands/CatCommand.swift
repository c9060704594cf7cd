import ArgumentParser
import Varve

struct CatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Write a file or tensors of a step to standard output.",
        usage: "varve cat <archive> <step> [<file>] [<options>]",
        discussion: """
            A file is written once all of it was restored and compared with its hashes; where that fails, nothing is \
            written. It takes its room in TMPDIR meanwhile.

            --as safetensors writes tensors by name instead, weights and optimizer state in one file, while it decodes \
            them. Each is compared with its hash before it is written. Where one fails, the output ends before it, and the \
            exit code is not 0. Only what is asked for is decoded.

              varve cat out.varve 800 config.json
              varve cat out.varve latest --only 'model.layers.0.*' > layer.safetensors
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Argument(help: "A number, latest, or a checkpoint's name.")
    var step: StepSelection

    @Argument(help: "The file's path in the checkpoint.")
    var file: String?

    @Option(
        name: .customLong("as"), help: ArgumentHelp("Tensors by name, not a file.", valueName: "safetensors"))
    var format: RestoreCommand.Format?

    @Option(help: TensorSelection.help)
    var only: TensorSelection?

    @Option(
        help: ArgumentHelp("The directory to put files together in; TMPDIR, else /var/tmp.", valueName: "directory"),
        completion: .directory)
    var scratch: String?

    @Option(
        help: ArgumentHelp("What --base named when the archive was made: a path or a model's name.", valueName: "base"))
    var base: String?

    @OptionGroup var work: WorkOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if file != nil, only != nil || format != nil {
            throw ValidationError("--as and --only write tensors, and a file is named")
        }
        guard file != nil || only != nil || format != nil else {
            throw ValidationError("name a file of the checkpoint, or --as safetensors for its tensors")
        }
        if common.form == .jsonLines {
            throw ValidationError("standard output takes the bytes; --json-lines has no room there")
        }
    }

    func run() async throws {
        let archive = try Archive(at: normalized(archive)), number = try step.number(in: archive.path)
        if file == nil, Terminal.standardOutput.isTerminal {
            throw VarveError(.usage, "tensors are nothing to read: send standard output to a file or a program")
        }
        var options = StreamOptions()
        options.onlyWeights = only?.onlyWeights ?? false
        options.names = only?.names ?? []
        (options.base, options.threads, options.memory) = (base, work.threads, work.memory?.bytes)
        options.scratch = scratch.map { normalized($0) }
        let chosen = options
        do {
            try await Interruption.run {
                let sink: ByteSink = { (bytes) throws(VarveError) in try Terminal.standardOutput.write(bytes) }
                if let file {
                    try await archive.streamFile(file, of: number, options: chosen, to: sink)
                } else {
                    try await archive.streamTensors(of: number, options: chosen, to: sink)
                }
            }
        } catch let error as VarveError where error.code == Terminal.nobodyReads {
            throw ExitCode(ExitStatus.nobodyReads)
        }
    }
}
