import Foundation
import Testing

/// What a basis computes does not depend on the machine.
@Suite struct SideBasisMachinesTests {
    /// What `BasisProbe` prints everywhere. It changes when the transform does, and then archives made before no longer
    /// decode.
    static let frozen = "f40522831ad706a0"

    /// The probe beside the test bundle.
    private static let probe: String = {
        var path = CommandLine.arguments[0]
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") { path = bundle.bundlePath }
        return URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("BasisProbe").path
    }()

    private func hash(kernel: String?, threads: Int) throws -> String {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.probe)
        process.arguments = ["\(threads)"]
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_CORETYPE"] = kernel
        environment["OPENBLAS_NUM_THREADS"] = "\(threads)"
        process.environment = environment
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func everyKernelAndThreadCountGivesTheFrozenBits() throws {
        #expect(try hash(kernel: nil, threads: 2) == Self.frozen)
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
        let features = Set(line.split(separator: " "))
        let kernels: [(String, [Substring], Int)] = [
            ("Prescott", ["pni"], 1), ("Nehalem", ["sse4_2"], 3), ("Haswell", ["avx2", "fma"], 1),
            ("Zen", ["avx2", "fma"], 2), ("SkylakeX", ["avx512f", "avx512dq", "avx512bw", "avx512vl"], 3),
        ]
        for (kernel, needed, threads) in kernels where features.isSuperset(of: needed) {
            #expect(try hash(kernel: kernel, threads: threads) == Self.frozen, "\(kernel), \(threads) threads")
        }
    }
}
