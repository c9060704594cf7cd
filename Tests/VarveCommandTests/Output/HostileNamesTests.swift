import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Names come from files that anybody may have made.
@Suite struct HostileNamesTests {
    let codes = ExitCodeTests()

    /// Colours, a moved cursor, a title: none of it reaches the terminal, from whatever command.
    @Test func namesCannotControlTheTerminal() throws {
        let escape = "\u{1B}[2J\u{1B}]0;owned\u{7}\u{9B}31m"
        let tensors = [TestTensor("w" + escape, shape: [8, 8], seed: 1), TestTensor("b", shape: [4], seed: 2)]
        try codes.directory.write(SafetensorsMaker.file(tensors), to: "run/step_10\(escape).safetensors")
        try codes.directory.write([1, 2, 3], to: "run/step_20\(escape).safetensors")
        let run = codes.path("run"), archive = codes.path("a.varve")
        for arguments in [
            ["inspect", run], ["compress", run, archive], ["list", archive], ["report", archive, "--by", "tensor"],
            ["report", archive, "--by", "file"], ["verify", archive, "--against", run],
            ["restore", archive, "--step", "all", "--output", codes.path("out")],
        ] {
            let outcome = try codes.varve(arguments)
            for text in [outcome.output, outcome.error] {
                #expect(
                    !text.unicodeScalars.contains {
                        $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t"
                    },
                    "\(arguments.first ?? "")")
            }
        }
    }
}
