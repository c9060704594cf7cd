import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Distributed checkpoints made by hand: names, places, and what is wrong with them.
@Suite struct DCPReaderTests {
    private static let values: [Float] = (0..<24).map { Float($0) }

    /// A matrix of 4 x 6 in four quarters in two files, with a moment in two halves.
    private func sample(prefix: String = "model.", optimizer: String = "optimizer.state.w.") -> SmallDCP {
        var dcp = SmallDCP()
        for (row, column) in [(2, 3), (0, 0), (2, 0), (0, 3)] {
            let part = (0..<2).flatMap { r in (0..<3).map { c in Self.values[(row + r) * 6 + column + c] } }
            dcp.add(prefix + "w", [4, 6], at: [row, column], [2, 3], in: "__\(row / 2)_0.distcp", part)
        }
        for row in [0, 2] {
            dcp.add(
                optimizer + "exp_avg", [4, 6], at: [row, 0], [2, 6], in: "__\(row / 2)_0.distcp",
                Array(Self.values[row * 6..<row * 6 + 12]).map { -$0 })
        }
        return dcp
    }

    private func read(_ files: [(name: String, bytes: [UInt8])], without missing: String? = nil) throws -> StepContents
    {
        let run = try TemporaryRun()
        for file in files { try run.write("step-5/\(file.name)", file.bytes) }
        var found = try run.discover()
        if found.steps.isEmpty { throw found.skipped.first?.reason ?? VarveError(.usage, "nothing found") }
        if let missing {
            found.steps[0].entries.removeAll { Paths.split($0.path).name == missing }
        }
        return try StepContents.read(found.steps[0], of: found)
    }

    private func floats(_ contents: StepContents, _ index: TensorIndex?) throws -> [Float] {
        let index = try #require(index)
        let (file, tensor) = try #require(contents.tensor(index))
        let bytes = try file.contiguousBytes(of: tensor)
        return stride(from: 0, to: bytes.count, by: 4).map { Float(bitPattern: bytes.littleEndian(at: $0)) }
    }

    @Test(arguments: [
        ("model.", "optimizer.state.w."), ("", "optimizer.state.w."), ("app.model.", "app.optimizer.state.w."),
        ("state.model.", "state.optimizers.AdamW.state.w."), ("model.", "optim.state.w."),
    ])
    func quartersAreOneMatrixUnderItsName(prefix: String, optimizer: String) throws {
        let contents = try read(sample(prefix: prefix, optimizer: optimizer).files())
        #expect(contents.parameters.map(\.name) == ["w"])
        #expect(contents.parameters[0].pairing == .named)
        #expect(try floats(contents, contents.parameters[0].weight) == Self.values)
        #expect(try floats(contents, contents.parameters[0].firstMoment) == Self.values.map { -$0 })
        #expect(contents.assembly?.tensors.map(\.pieces.count) == [4, 2])
    }

    @Test func withoutAnOptimizerTheContainersNameIsKnown() throws {
        var dcp = SmallDCP()
        for name in ["model.model.a", "model.model.b", "model.head"] {
            dcp.add(name, [2], at: [0], [2], in: "__0_0.distcp", [1, 2])
        }
        #expect(try read(dcp.files()).parameters.map(\.name) == ["model.a", "model.b", "head"])
    }

    @Test func theKeyMayStandBeforeTheName() throws {
        let name = try #require(StateName("optimizer.state.exp_avg.decoder.layers.mlp.linear_fc2.bias"))
        #expect(name.owner == "decoder.layers.mlp.linear_fc2.bias")
        #expect(name.key == "exp_avg")
        #expect(StateName("optimizer.state.fp32_param.output_layer.weight")?.key == StateName.master)
        #expect(StateName("model.state.weight") == nil)
    }

    private func expectError(
        _ code: VarveError.Code, _ files: [(name: String, bytes: [UInt8])], without missing: String? = nil,
        tensor: String?,
        _ comment: Comment
    ) {
        let error = #expect(throws: VarveError.self, comment) { try read(files, without: missing) }
        #expect(error?.code == code, comment)
        #expect(error?.location.file != nil, comment)
        if let tensor { #expect(error?.location.tensor == tensor, comment) }
    }

    @Test func whatContradictsItselfIsNamed() {
        var dcp = sample()
        dcp.chunks.remove(at: 1)
        expectError(.malformed, dcp.files(), tensor: "model.w", "a quarter is missing")
        dcp = sample()
        dcp.chunks[1].offsets = [0, 1]
        expectError(.malformed, dcp.files(), tensor: "model.w", "quarters overlap")
        dcp = sample()
        dcp.chunks[1].offsets = [3, 0]
        expectError(.malformed, dcp.files(), tensor: "model.w", "a quarter outside of the matrix")
        dcp = sample()
        for index in dcp.chunks.indices where dcp.chunks[index].name == "model.w" {
            dcp.chunks[index].shape = [1 << 40, 1 << 40]
        }
        expectError(.malformed, dcp.files(), tensor: "model.w", "an impossible shape")
        dcp = sample()
        for index in dcp.chunks.indices where dcp.chunks[index].name == "model.w" { dcp.chunks[index].shape = [4] }
        expectError(.malformed, dcp.files(), tensor: "model.w", "another number of dimensions")
        dcp = sample()
        dcp.chunks[0].offsetError = 64
        dcp.chunks[0].lengthError = -64
        expectError(.malformed, dcp.files(), tensor: "model.w", "an offset into a slice")
        // Two quarters of the same size in one file: the second is said to lie where the first does, or within it.
        dcp = sample()
        dcp.chunks[2].offsetError = -dcp.lengthOfSlice(0)
        expectError(.malformed, dcp.files(), tensor: "model.w", "two quarters in one place")
        dcp.chunks[2].offsetError = -64
        expectError(.malformed, dcp.files(), tensor: "model.w", "two quarters that overlap in the file")
        dcp = sample()
        dcp.chunks[0].lengthError = -100
        expectError(.truncated, dcp.files(), tensor: "model.w", "a slice that is cut")
        expectError(.incomplete, sample().files(), without: "__1_0.distcp", tensor: "model.w", "a file is missing")
    }

    @Test func cutMetadataAreNoMetadata() {
        let files = sample().files()
        for count in stride(from: 1, to: files[0].bytes.count, by: 97) {
            let cut = [(name: files[0].name, bytes: Array(files[0].bytes[..<count]))] + files.dropFirst()
            #expect(throws: VarveError.self) { try read(cut) }
        }
    }

    @Test func damagedMetadataEndInAnErrorOrInTensors() throws {
        let files = sample().files()
        let run = try TemporaryRun()
        for file in files { try run.write("step-5/\(file.name)", file.bytes) }
        let found = try run.discover()
        let step = try #require(found.steps.first)
        let opened = try StepContents.read(step, of: found).files
        let metadata = try #require(opened.first { $0.path.hasSuffix(".metadata") })
        var random = SplitMix64(seed: 9)
        for _ in 0..<400 {
            var bytes = files[0].bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let source = MemorySource(bytes, name: metadata.path)
            guard let parsed = try? DCPMetadata(source, folder: "step-5") else { continue }
            for entry in parsed.tensors {
                _ = try? LogicalTensor(
                    name: entry.name, dtype: entry.dtype, shape: entry.shape,
                    pieces: entry.chunks.map {
                        TensorPiece(
                            file: 0, offset: $0.slice.offset,
                            placement: Placement(
                                offsets: $0.offsets, sizes: $0.sizes, range: 0..<(LogicalTensor.count($0.sizes) ?? 0)))
                    }, file: "metadata")
            }
        }
    }
}
