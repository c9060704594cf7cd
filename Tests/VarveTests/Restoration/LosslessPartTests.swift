import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// What of a lossless archive is needed for what.
@Suite struct LosslessPartTests {
    let workshop = RunWorkshop()

    /// Weights come back without the moments' bytes being looked at.
    @Test func weightsAloneNeedNoMoments() async throws {
        let archive = workshop.path("a.varve")
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: archive, options: CompressionOptions(method: .lossless)
        ).compress()
        let layout = ArchiveLayout(archive)
        let reader = try ArchiveReader(archive)
        for step in reader.steps {
            let manifest = try reader.manifest(step)
            let losslessGroups = try manifest.losslessGroupMembers()
            for members in losslessGroups {
                let roles = Set(members.map { manifest.tensors[$0].role == .weight })
                #expect(roles.count == 1, "weights and others in one lossless group")
            }
            var bytes = try Trees.bytes(layout.stepPart(StepVersion(number: step), "0000.part"))
            for (members, location) in zip(losslessGroups, manifest.losslessGroups)
            where members.contains(where: { manifest.tensors[$0].role != .weight }) {
                for position in 0..<Int(location.byteCount) { bytes[Int(location.offset) + position] ^= 0x55 }
            }
            try Trees.write(bytes, to: layout.stepPart(StepVersion(number: step), "0000.part"))
        }
        let last = try #require(reader.steps.last)
        let output = workshop.path("weights")
        try await Restorer(
            archive: archive, options: RestoreOptions(selection: .step(last), onlyWeights: true)
        ).restore(to: output)
        let path = try reader.manifest(last).path
        #expect(
            try Trees.bytes(Paths.join(output, "model.safetensors"))
                == Trees.bytes(Paths.join(Fixture.trainerRun, path + "/model.safetensors")))
        let error = await #expect(throws: VarveError.self) {
            try await Restorer(archive: archive, options: RestoreOptions(selection: .step(last)))
                .restore(to: workshop.path("all"))
        }
        #expect(error?.code == .damaged)
    }

    /// A first moment stands directly behind its second, in the same lossless group.
    @Test func momentsStandTogether() async throws {
        try workshop.write(TransformAppendTests.steps())
        try await workshop.compress("run", "a.varve", .lossless)
        let reader = try ArchiveReader(workshop.path("a.varve"))
        for step in reader.steps {
            let manifest = try reader.manifest(step)
            var found = 0
            for members in try manifest.losslessGroupMembers() {
                for (position, member) in members.enumerated() where manifest.tensors[member].role == .firstMoment {
                    let before = manifest.tensors[members[max(0, position - 1)]]
                    #expect(before.role == .secondMoment && before.name == manifest.tensors[member].name)
                    found += 1
                }
            }
            #expect(found == TransformAppendTests.run.shapes.count)
        }
    }

    @Test func aFirstStepBuildsOnABase() async throws {
        let steps = TransformAppendTests.steps()
        try workshop.write([steps[0]], to: "base")
        try workshop.write(Array(steps[1...]))
        let options = CompressionOptions(method: .lossless, base: workshop.path("base"))
        let archive = workshop.path("a.varve")
        _ = try await Compressor(run: workshop.path("run"), archive: archive, options: options).compress()
        let manifest = try ArchiveReader(archive).manifest(steps[1].number)
        #expect(manifest.predecessor == .base)
        for tensor in manifest.tensors {
            guard case .packed(_, _, let depth) = tensor.coding else { continue }
            #expect(depth <= (tensor.identity.isWeight ? 1 : 0), "\(tensor.name)")
        }
        let output = workshop.path("out")
        try await Restorer(
            archive: archive, options: RestoreOptions(selection: .all, base: workshop.path("base"))
        ).restore(to: output)
        #expect(try Trees.differences(workshop.path("run"), output) == [])
        for step in steps[1...] {
            try workshop.write([step], to: "growing")
            _ = try await Compressor(
                run: workshop.path("growing"), archive: workshop.path("b.varve"), options: options
            ).compress()
        }
        #expect(try workshop.parts("a.varve") == workshop.parts("b.varve"))
    }

    /// A shard of numbers alone has no tensor of its own in the archive; it belongs to the weights all the same.
    @Test func onlyWeightsHasEveryShardAndTheirList() async throws {
        let shards = [
            TestTensor("scale", shape: [], floats: [0.5]), TestTensor("weight", shape: [8, 8], seed: 1),
        ]
        let directory = Paths.join(workshop.path("sharded"), "checkpoint-5")
        for (index, shard) in shards.enumerated() {
            let name = "model-0000\(index + 1)-of-00002.safetensors"
            try Trees.write(SafetensorsMaker.file([shard]), to: Paths.join(directory, name))
        }
        let list =
            #"{"metadata": {}, "weight_map": {"scale": "model-00001-of-00002.safetensors", "#
            + #""weight": "model-00002-of-00002.safetensors"}}"#
        try Trees.write(Array(list.utf8), to: Paths.join(directory, "model.safetensors.index.json"))
        try Trees.write(Array("{}".utf8), to: Paths.join(directory, "config.json"))
        let archive = workshop.path("sharded.varve")
        _ = try await Compressor(
            run: workshop.path("sharded"), archive: archive, options: CompressionOptions(method: .lossless)
        ).compress()
        try await Restorer(archive: archive, options: RestoreOptions(selection: .latest, onlyWeights: true))
            .restore(to: workshop.path("weights"))
        #expect(
            try Trees.content(workshop.path("weights")).keys.sorted() == [
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            ])
    }
}
