/// `swift run CompressRun RUN ARCHIVE OUTPUT`
@main
struct Example {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let run = arguments.first, let output = arguments.last else {
            return print("usage: CompressRun RUN ARCHIVE OUTPUT")
        }
        let ratio = try await compressRun(run, to: CommandLine.arguments[2], restoringTo: output)
        print("the archive is \(ratio) times smaller; its newest step is in \(output)")
    }
}
