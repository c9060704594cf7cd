import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Runs made in a test, compressed and restored, in a directory that goes away.
struct RunWorkshop {
    let directory = try! TemporaryDirectory()

    func path(_ name: String) -> String { Paths.join(directory.path, name) }

    static func fileName(_ step: Int) -> String { "ckpt_\(step).pt" }

    func write(_ steps: [TrainingStep], to run: String = "run") throws {
        for step in steps { try Trees.write(step.file(), to: path(run + "/" + Self.fileName(step.number))) }
    }

    @discardableResult
    func compress(
        _ run: String = "run", _ archive: String = "a.varve",
        _ method: CompressionOptions.Method = TestMethods.transform,
        keyframeInterval: Int = 50, threads: Int = 0
    ) async throws -> CompressionResult {
        try await Compressor(
            run: path(run), archive: path(archive),
            options: CompressionOptions(method: method, keyframeInterval: keyframeInterval, threads: threads)
        ).compress()
    }

    func report(_ archive: String = "a.varve") throws -> Report { try Reporter(archive: path(archive)).report() }

    /// Restored files of every step, by their names.
    func restore(_ archive: String = "a.varve", threads: Int = 0) async throws -> [String: [UInt8]] {
        let output = path("restored-\(archive)-\(threads)")
        try Directories.remove(output)
        try await Restorer(archive: path(archive), options: RestoreOptions(selection: .all, threads: threads))
            .restore(to: output)
        return try Trees.content(output)
    }

    /// Bytes of the parts of an archive, by their paths.
    func parts(_ archive: String) throws -> [String: [UInt8]] {
        try Trees.content(path(archive)).filter { $0.key.hasSuffix(".part") && $0.key.hasPrefix("steps/") }
    }

    /// Tensors of a file, by their names.
    static func tensors(_ file: [UInt8]) throws -> [String: [UInt8]] {
        let file = try #require(try TensorFile.open(MemorySource(file)))
        var result: [String: [UInt8]] = [:]
        for tensor in file.tensors {
            guard let range = file.byteRange(of: tensor) else { continue }
            result[tensor.name] = try file.source.bytes(at: range.lowerBound, count: range.count)
        }
        return result
    }

    /// Squared error over squared values.
    static func relativeError(_ original: [UInt8], _ restored: [UInt8]) -> Double {
        ResidualCodec.error(original, restored, format: .f32).squared / ResidualCodec.energy(original, format: .f32)
    }

    /// Compresses and restores the steps, checks what holds of every run, and returns the report and restored tensors.
    @discardableResult
    func roundTrip(
        _ steps: [TrainingStep], _ method: CompressionOptions.Method = TestMethods.transform,
        archive: String = "a.varve"
    ) async throws -> (report: Report, tensors: [[String: [UInt8]]]) {
        let run = archive + "-run"
        try write(steps, to: run)
        let result = try await compress(run, archive, method)
        #expect(result.skipped.isEmpty && result.added == steps.map(\.number))
        let verified = try await Verifier(archive: path(archive), deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let report = try report(archive)
        let restored = try await restore(archive)
        var tensors: [[String: [UInt8]]] = []
        for (step, reported) in zip(steps, report.steps) {
            let original = try Self.tensors(step.file())
            let back = try Self.tensors(try #require(restored[Self.fileName(step.number)]))
            tensors.append(back)
            #expect(Set(original.keys) == Set(back.keys))
            // Everything that the report does not call lossy is exact.
            let lossy = reported.tensors.filter { !$0.isExact }.map(\.name)
            for (name, bytes) in original {
                guard let found = back[name] else { continue }
                if lossy.isEmpty { #expect(found == bytes, "step \(step.number): \(name)") }
                // excp prunes them on purpose.
                if method != TestMethods.excp, name.hasSuffix("exp_avg_sq") {
                    Self.expectNoNewZeros(bytes, found, "step \(step.number): \(name)")
                }
            }
        }
        return (report, tensors)
    }

    /// A second moment that became zero would blow the next update up.
    static func expectNoNewZeros(_ original: [UInt8], _ restored: [UInt8], _ what: String) {
        let pairs = zip(FloatFormat.f32.floats(original), FloatFormat.f32.floats(restored))
        #expect(pairs.allSatisfy { $0 == 0 || $1 != 0 }, "\(what) is zero where it was not")
    }
}

extension TestTensor {
    /// Changes the values of a float32 tensor.
    mutating func change(_ body: (inout [Float]) -> Void) {
        var values = FloatFormat.f32.floats(bytes)
        body(&values)
        bytes = SeededTensors.bytes(of: values)
    }

    /// The same values in another type.
    func converted(to format: FloatFormat) -> TestTensor {
        let names: [FloatFormat: String] = [.f32: "F32", .bf16: "BF16", .f16: "F16", .f64: "F64"]
        return TestTensor(
            name, dtype: names[format] ?? "F32", shape: shape, bytes: format.bytes(FloatFormat.f32.floats(bytes)))
    }
}
