import Foundation
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The same run gives the same archive, and the archive the same files, whatever kernels the BLAS library chooses for
/// the machine and however many threads work.
@Suite struct MachineTests {
    let codes = ExitCodeTests()

    /// Kernels of OpenBLAS with what the processor must have for them.
    static let kernels: [(name: String, features: [Substring])] = [
        ("Prescott", ["pni"]), ("Nehalem", ["sse4_2"]), ("Haswell", ["avx2", "fma"]), ("Zen", ["avx2", "fma"]),
        ("SkylakeX", ["avx512f", "avx512dq", "avx512bw", "avx512vl"]),
    ]

    private func content(_ name: String) throws -> [String: [UInt8]] {
        let root = codes.path(name)
        var result: [String: [UInt8]] = [:]
        for file in try SharedRuns.files(under: root) where !file.hasSuffix("/lock") {
            let input = try InputFile(file)
            result[String(file.dropFirst(root.count))] = try input.bytes(at: 0, count: Int(input.byteCount))
        }
        return result
    }

    /// Whole bases and tracked ones, on both sides of a matrix; both sides tracked, the longer one by the shorter.
    private func makeRun() throws {
        let shapes: [[Int]] = [[24, 128], [128, 300], [300, 24], [300], [257, 1025]]
        let run = DriftingRun(shapes.enumerated().map { .init("p\($0)", $1) }, steps: 6)
        for step in run.steps() { try codes.directory.write(step.file(), to: "run/ckpt_\(step.number).pt") }
    }

    /// Compresses and restores.
    private func session(_ name: String, threads: Int, _ environment: [String: String]) throws {
        let archive = codes.path("\(name).varve")
        let compressed = try codes.varve(
            ["compress", codes.path("run"), archive, "--threads", "\(threads)"], environment: environment)
        #expect(compressed.status == 0, "\(name): \(compressed.error)")
        try restore(archive, as: name, threads: threads, environment)
    }

    private func restore(_ archive: String, as name: String, threads: Int, _ environment: [String: String]) throws {
        let restored = try codes.varve(
            ["restore", archive, "--step", "all", "-o", codes.path(name), "--threads", "\(threads)"],
            environment: environment)
        #expect(restored.status == 0, "\(name): \(restored.error)")
    }

    @Test func everyKernelAndThreadCountGivesTheSameBytes() throws {
        try makeRun()
        try session("plain", threads: 2, [:])
        let archive = try content("plain.varve"), restored = try content("plain")
        #expect(restored.count == 6 && archive.count >= 12)
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
        let features = Set(line.split(separator: " "))
        for (index, kernel) in Self.kernels.enumerated() {
            guard features.isSuperset(of: kernel.features) else {
                print("SKIPPED: kernel \(kernel.name): this processor lacks \(kernel.features)")
                continue
            }
            let threads = 1 + index % 3
            let environment = [
                "OPENBLAS_CORETYPE": kernel.name, "OPENBLAS_NUM_THREADS": "\(1 + (index + 1) % 3)",
                "OPENBLAS_VERBOSE": "0",
            ]
            try session(kernel.name, threads: threads, environment)
            #expect(try content("\(kernel.name).varve") == archive, "compressed with \(kernel.name)")
            #expect(try content(kernel.name) == restored, "restored with \(kernel.name)")
        }
    }

    @Test func theCommandNamesItsMethodAndRefusesAnothersOptions() throws {
        try codes.directory.write(
            DriftingRun([.init("p", [16, 20])], steps: 1).step(0).file(), to: "one/ckpt_10.pt")
        let outcome = try codes.varve("compress", codes.path("one"), codes.path("one.varve"))
        #expect(outcome.status == 0)
        #expect(outcome.error.contains("transform") && outcome.error.contains("lossy"))
        let report = try codes.varve("report", codes.path("one.varve"), "--by", "tensor", "--csv")
        #expect(report.output.contains("transform"))
        for effort in ["low", "normal", "high"] {
            let chosen = try codes.varve("compress", codes.path("one"), codes.path(effort), "--effort", effort)
            #expect(chosen.status == 0 && chosen.error.contains("effort \(effort)") == (effort != "normal"))
        }
    }
}
