import HostileInput
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Small files that ask for much memory, time or stack, or that ask to be run.
@Suite struct BombTests {
    private let directory = try! TemporaryDirectory()

    private func open(_ bytes: [UInt8]) throws(VarveError) -> TensorFile? { try TensorFile.open(MemorySource(bytes)) }

    /// A pickle of tensors that share one tuple of sizes, itself made once.
    private func tensors(_ count: Int, dimensions: Int) -> [UInt8] {
        var writer = PickleWriter()
        writer.tuple([Int](repeating: 1, count: dimensions))
        writer.opcode(0x72, 0, 0, 0, 0, 0x30)
        writer.dict((0..<count).map { (String($0), $0) }) { writer, _ in
            writer.global("torch._utils", "_rebuild_tensor_v2")
            writer.mark()
            writer.mark()
            writer.string("storage")
            writer.global("torch", "FloatStorage")
            writer.string("0")
            writer.string("cpu")
            writer.int(1)
            writer.opcode(0x74, 0x51)
            writer.int(0)
            writer.opcode(0x6A, 0, 0, 0, 0, 0x6A, 0, 0, 0, 0, 0x89, 0x7D, 0x74, 0x52)
        }
        return TorchMaker.zip(pickle: writer.finished(), storages: [("0", [0, 0, 0, 0])])
    }

    @Test func sizesSharedByManyTensorsAreCounted() throws {
        #expect(try open(tensors(100, dimensions: 20))?.tensors.count == 100)
        // 4000 tensors of 20,000 dimensions: more than a gigabyte from less than one megabyte.
        let error = #expect(throws: VarveError.self) { try open(tensors(4000, dimensions: 20_000)) }
        #expect(error?.code == .malformed)
    }

    @Test func namesSharedByManyTensorsAreCounted() {
        var writer = PickleWriter()
        writer.dict([(String(repeating: "n", count: 1 << 20), 0)]) { writer, _ in
            writer.dict((0..<4000).map { (String($0), $0) }) { writer, _ in
                writer.tensor(storage: "0", count: 1, shape: [1])
            }
        }
        let file = TorchMaker.zip(pickle: writer.finished(), storages: [("0", [0, 0, 0, 0])])
        let error = #expect(throws: VarveError.self) { try open(file) }
        #expect(error?.code == .malformed)
    }

    /// What Python's own loader would run is a name and its arguments here.
    @Test func callsInPicklesAreNeverMade() throws {
        let mark = directory.file("called")
        let call = Array("cos\nsystem\n(S'touch \(mark)'\ntR.".utf8)
        let tree = try PickleTree.read(MemorySource(call))
        guard case .object(let callable, _, _, _, _) = tree[tree.root] else {
            Issue.record("not read as a call")
            return
        }
        #expect(tree[callable] == .global(module: "os", name: "system"))
        let instance = Array("(S'touch \(mark)'\nios\nsystem\n.".utf8)
        #expect(throws: VarveError.self) { try PickleTree.read(MemorySource(instance)) }
        try directory.write(TorchMaker.zip(pickle: call, storages: []), to: "run/ckpt_1.pt")
        try directory.write(
            SafetensorsMaker.file([TestTensor("a", shape: [4, 4], seed: 1)]), to: "run/ckpt_2.safetensors")
        _ = try Inspector(path: directory.file("run"), hashes: true).inspect()
        #expect((try? FileIdentity(path: mark)) == nil)
    }

    @Test func deeplyNestedJSONIsAnError() throws {
        let model = SafetensorsMaker.file([TestTensor("a", shape: [4, 4], seed: 1)])
        for bracket in ["[", "{\"a\":"] {
            let nested = Array(String(repeating: bracket, count: 300_000).utf8)
            let header = SafetensorsMaker.file(header: Array("{\"a\":".utf8) + nested)
            let error = #expect(throws: VarveError.self) { try open(header) }
            #expect(error?.code == .malformed)
            for name in ["trainer_state.json", "model.safetensors.index.json"] {
                try directory.write(model, to: "run/checkpoint-10/model.safetensors")
                try directory.write(nested, to: "run/checkpoint-10/" + name)
                _ = try? Inspector(path: directory.file("run")).inspect()
                try Directories.remove(directory.file("run"))
            }
        }
    }

    /// Compressed records are never unpacked, and records over each other, which unpack to more than the file, refused.
    @Test func zipFilesAreNotUnpacked() throws {
        let made = TorchMaker.zip([TestTensor("a", shape: [64], seed: 1), TestTensor("b", shape: [64], seed: 2)])
        let names = ["archive/data/0", "archive/data/1"].map { Array($0.utf8) }
        // The second record's entry in the directory is made to point to the first one's data.
        var file = made
        let entries = names.map { name in
            (0..<made.count - name.count).last { Array(made[$0..<$0 + name.count]) == name } ?? 0
        }
        for byte in 0..<4 { file[entries[1] - 4 + byte] = made[entries[0] - 4 + byte] }
        let error = #expect(throws: VarveError.self) { try open(file) }
        #expect(error?.code == .malformed)
        var deflated = made
        for entry in entries { deflated[entry - 46 + 10] = 8 }
        #expect(try open(deflated) == nil)
    }
}
