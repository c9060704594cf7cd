import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// How ranks, layers and flat buffers are joined, without files.
@Suite struct ShardedTensorTests {
    /// A pickled `DTensor` with plain dicts in the place of its states.
    /// - Parameter factors: split factors of those that are strided, by dimension of the mesh.
    private func sharded(
        _ shape: [Int], mesh: [Int], _ splits: [Int?], factors: [Int: Int] = [:]
    ) throws -> ShardedTensor? {
        var writer = PickleWriter()
        writer.global("torch._tensor", "_rebuild_from_type_v2")
        writer.mark()
        writer.global("torch._utils", "_rebuild_wrapper_subclass")
        writer.global("torch.distributed.tensor", "DTensor")
        writer.mark()
        writer.global("torch.distributed.tensor", "DTensor")
        writer.global("torch", "float32")
        writer.tuple(shape)
        writer.opcode(0x74)
        writer.dict([("_local_tensor", true), ("_spec", false)]) { writer, isTensor in
            if isTensor { return writer.int(0) }
            writer.dict([("mesh", true), ("placements", false)]) { writer, isMesh in
                if isMesh {
                    writer.dict([("_layout", 0)]) { writer, _ in
                        writer.dict([("axes", 0)]) { writer, _ in
                            writer.mark()
                            for size in mesh { writer.dict([("shape", 0)]) { writer, _ in writer.tuple([size]) } }
                            writer.opcode(0x74)
                        }
                    }
                    return
                }
                writer.mark()
                for (index, split) in splits.enumerated() {
                    let factor = factors[index]
                    let kind = split == nil ? "Replicate" : factor == nil ? "Shard" : "_StridedShard"
                    writer.global("torch.distributed.tensor.placement_types", kind)
                    writer.opcode(0x29, 0x52)
                    if let split {
                        let state = [("dim", split)] + (factor.map { [("split_factor", $0)] } ?? [])
                        writer.dict(state) { $0.int($1) }
                        writer.opcode(0x62)
                    }
                }
                writer.opcode(0x74)
            }
        }
        writer.opcode(0x74, 0x52)
        let tree = try PickleTree.read(MemorySource(writer.finished(), name: "rank"))
        return ShardedTensor(tree.root, tree)
    }

    private func boxes(_ shape: [Int], mesh: [Int], _ splits: [Int?]) throws -> [[[Int]]] {
        let tensor = try #require(try sharded(shape, mesh: mesh, splits))
        return try (0..<mesh.reduce(1, *)).map { rank in
            let box = try #require(tensor.box(of: rank))
            return [box.offsets, box.sizes]
        }
    }

    /// FSDP after tensor parallel along the same dimension: the parts of the latter are cut up.
    @Test func stridedPartsAreCutAfterTheOthers() throws {
        let tensor = try #require(try sharded([54, 3], mesh: [2, 2], [0, 0], factors: [0: 2]))
        let boxes = try (0..<4).map { try #require(tensor.box(of: $0)) }
        #expect(boxes.map(\.offsets) == [[0, 0], [27, 0], [14, 0], [41, 0]])
        #expect(boxes.map(\.sizes) == [[14, 3], [14, 3], [13, 3], [13, 3]])
        // A factor that is not the number of parts, and one that nothing follows.
        #expect(try sharded([54], mesh: [2, 2], [0, 0], factors: [0: 3]) == nil)
        #expect(try sharded([54], mesh: [2, 2], [0, 1], factors: [0: 2]) == nil)
    }

    @Test func rowsAreCutInEqualPartsTheLastOnesSmaller() throws {
        #expect(try boxes([5, 2], mesh: [3], [0]) == [[[0, 0], [2, 2]], [[2, 0], [2, 2]], [[4, 0], [1, 2]]])
        #expect(try boxes([2], mesh: [4], [0]) == [[[0], [1]], [[1], [1]], [[2], [0]], [[2], [0]]])
    }

    @Test(arguments: [
        ([4], [Int.max, Int.max]), ([4], [1 << 32, 1 << 32]), ([Int.max], [2]), ([Int.max, 4], [2]),
        ([0, Int.max, Int.max], [2]),
    ])
    func impossibleSizesAreNoDistributedTensor(shape: [Int], mesh: [Int]) throws {
        #expect(try sharded(shape, mesh: mesh, mesh.map { _ in 0 }) == nil)
    }

    @Test func twoParametersOfOneNameAreNotMixed() throws {
        var states = DCPStates()
        let first = TensorIndex(file: 0, tensor: 0), second = TensorIndex(file: 0, tensor: 1)
        try states.add(first, key: "exp_avg", of: "0.weight", in: "actor.optimizer")
        try states.add(second, key: "exp_avg_sq", of: "0.weight", in: "actor.optimizer")
        let error = #expect(throws: VarveError.self) {
            try states.add(second, key: "exp_avg", of: "0.weight", in: "critic.optimizer")
        }
        #expect(error?.code == .unsupported && error?.location.tensor == "0.weight")
    }

    @Test func everyDimensionOfAMeshSplits() throws {
        #expect(
            try boxes([4, 6], mesh: [2, 2], [0, 1])
                == [[[0, 0], [2, 3]], [[0, 3], [2, 3]], [[2, 0], [2, 3]], [[2, 3], [2, 3]]])
        #expect(try boxes([4], mesh: [2, 2], [nil, 0]) == [[[0], [2]], [[2], [2]], [[0], [2]], [[2], [2]]])
        #expect(try boxes([8], mesh: [2, 2], [0, 0]) == [[[0], [2]], [[2], [2]], [[4], [2]], [[6], [2]]])
    }

    @Test func whatIsNotKnownIsNotGuessed() throws {
        #expect(try sharded([4], mesh: [2], [1]) == nil)
        #expect(try sharded([4], mesh: [2, 2], [0]) == nil)
        let empty = try #require(try sharded([4], mesh: [0], [0]))
        #expect(empty.box(of: 0) == nil)
        let pair = try #require(try sharded([4], mesh: [2], [0]))
        #expect(pair.box(of: 2) == nil)
    }

    @Test func flatParametersAreToldBySizes() throws {
        let parameters: [(name: String, shape: [Int])] = [
            ("embed", [5, 2]), ("layers.0.w", [3, 3]), ("layers.0.b", [3]), ("layers.1.w", [3, 3]), ("layers.1.b", [3]),
            ("head", [1]),
        ]
        func state(_ count: Int) throws -> FlatParameters.State {
            var buffer = FlatBuffer(.f32)
            try buffer.append(count, file: 0, offset: 0)
            return FlatParameters.State(values: [], buffers: ["exp_avg": buffer])
        }
        let units = try #require(
            FlatParameters.units(parameters, [try state(12), try state(12), try state(12)], ranks: 2))
        #expect(
            units.map { $0.map(\.name) } == [
                ["embed", "head"], ["layers.0.w", "layers.0.b"], ["layers.1.w", "layers.1.b"],
            ])
        #expect(try FlatParameters.units(parameters, [state(35 + 1)], ranks: 2)?.first?.count == 6)
        #expect(try FlatParameters.units(parameters, [state(12), state(13), state(15)], ranks: 2) == nil)
        #expect(try FlatParameters.units(parameters, [state(34)], ranks: 2) == nil)
    }

    @Test func megatronsBuffersAreWalkedBackwardsAtMultiplesOf64() throws {
        let parameters = [
            MegatronWalk.joined("mlp.linear_fc1.weight", [4, 10], ranks: 2, isGated: true),
            MegatronWalk.joined("mlp.linear_fc2.weight", [10, 2], ranks: 2, isGated: true),
            MegatronWalk.joined("final_layernorm.weight", [10], ranks: 2, isGated: true),
        ]
        #expect(parameters.map(\.shape) == [[8, 10], [10, 4], [10]])
        var pieces: [Int: [TensorPiece]] = [:]
        for rank in 0..<2 {
            var buffer = FlatBuffer(.f32)
            try buffer.append(128 + 40, file: rank, offset: 0)
            #expect(MegatronWalk.walk(parameters, rank: rank, [buffer], into: &pieces))
        }
        #expect(pieces[2]?.map(\.offset) == [0, 0])
        #expect(pieces[1]?.map(\.offset) == [256, 256])
        #expect(pieces[0]?.map(\.offset) == [512, 592, 512, 592])
        #expect(pieces[0]?.map(\.placement.offsets) == [[0, 0], [4, 0], [2, 0], [6, 0]])
        for (index, parameter) in parameters.enumerated() {
            let tensor = try LogicalTensor(
                name: parameter.name, dtype: .f32, shape: parameter.shape, pieces: pieces[index] ?? [], file: "")
            #expect(tensor.replicas.count == (index == 2 ? 1 : 0))
        }
        var short = FlatBuffer(.f32)
        try short.append(160, file: 0, offset: 0)
        #expect(!MegatronWalk.walk(parameters, rank: 0, [short], into: &pieces))
        var long = FlatBuffer(.f32)
        try long.append(1000, file: 0, offset: 0)
        #expect(!MegatronWalk.walk(parameters, rank: 0, [long], into: &pieces))
    }
}
