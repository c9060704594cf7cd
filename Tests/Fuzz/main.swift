import Glibc
import HostileInput
import FileSystem
import TensorFiles
import VarveTestSupport

/// Runs inputs through a fuzz target, or writes what fuzzing begins with. Built with the flags of `make fuzz` it is
/// libFuzzer's program, with the target in the environment variable FUZZ_TARGET.
///
///     Fuzz TARGET FILE...             runs the inputs
///     Fuzz --seeds TARGET DIRECTORY   writes seeds and a dictionary, DIRECTORY.dict
///     Fuzz --archives DIRECTORY       makes the small archives
func fail(_ message: String) -> Never {
    "\(message)\n".withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    exit(2)
}

func target(_ name: String) -> FuzzTarget {
    guard let target = FuzzTarget(rawValue: name) else {
        fail("no target \(name); there are \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return target
}

func bytes(_ path: String) throws -> [UInt8] {
    let file = try InputFile(path)
    return try file.bytes(at: 0, count: Int(file.byteCount))
}

func write(_ bytes: [UInt8], to path: String) throws {
    let output = try OutputFile(path)
    try output.write(bytes, at: 0)
    try output.commit(sync: false)
}

/// Writes seeds, and the target's words in libFuzzer's notation.
func writeSeeds(_ target: FuzzTarget, to directory: String) throws {
    try Directories.create(directory)
    for seed in try target.seeds() { try write(seed, to: Paths.join(directory, "seed-\(Checksum.crc32(seed))")) }
    let lines = target.words.map { word in
        "\""
            + word.utf8.map { byte in
                (0x20..<0x7F).contains(byte) && byte != 0x22 && byte != 0x5C
                    ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined() + "\"\n"
    }
    try write(Array(lines.joined().utf8), to: directory + ".dict")
}

func runProgram() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("--seeds", 3): try writeSeeds(target(arguments[1]), to: arguments[2])
    case ("--archives", 2):
        try Directories.create(arguments[1])
        for archive in SmallArchive.allCases { print(try await archive.make(in: arguments[1]).archive) }
    case (let name?, 2...):
        for path in arguments.dropFirst() {
            try target(name).run(try bytes(path))
            print("\(path): fine")
        }
    default: fail("Fuzz TARGET FILE..., Fuzz --seeds TARGET DIRECTORY or Fuzz --archives DIRECTORY")
    }
}

#if FUZZER
/// What libFuzzer's inputs are run through; a C function has no context of its own.
enum FuzzInput {
    nonisolated(unsafe) static var target = FuzzTarget.pickle
}

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

if let name = Environment.value("FUZZ_TARGET") {
    FuzzInput.target = target(name)
    // One thread of BLAS: its threads would share the limit on memory.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    var (count, arguments) = (CommandLine.argc, CommandLine.unsafeArgv)
    exit(
        runDriver(&count, &arguments) { bytes, count in
            let input = Array(UnsafeBufferPointer(start: bytes, count: count))
            do { try FuzzInput.target.run(input) } catch { fatalError("\(error)") }
            return 0
        })
}
#endif

do { try await runProgram() } catch { fail("\(error)") }
