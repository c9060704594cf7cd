import Foundation
import FileSystem
import Testing

/// What `inspect` says of tensors that lie in pieces.
@Suite struct InspectedPiecesTests {
    private let codes = ExitCodeTests()

    private func path(_ run: String) -> String { Paths.join(ExitCodeTests.fixtures, "runs/\(run)") }

    @Test(arguments: [
        (
            "dcp_fsdp_2ranks",
            "68 tensors in 119 pieces in 2 files, torch.distributed.checkpoint: 51 cut along dimension 0, 17 whole"
        ),
        ("deepspeed_zero1", "51 tensors in 57 pieces in 2 files, DeepSpeed: 6 cut flat, 45 whole"),
        ("deepspeed_zero3", "51 tensors in 102 pieces in 2 files, DeepSpeed: cut flat"),
        (
            "mcore_legacy",
            "116 tensors in 232 pieces in 4 files, Megatron-LM: 40 cut along dimension 0, 16 cut along dimension 1, "
                + "60 whole and kept 2 times"
        ),
        (
            "mcore_dp_reshardable",
            "116 tensors in 223 pieces in 8 files, torch.distributed.checkpoint: 40 cut along dimension 0, "
                + "13 cut along dimension 1, 3 cut along dimension 1 and then flat, 15 whole, 45 whole and kept 2 times"
        ),
        (
            "verl_fsdp2",
            "84 tensors in 168 pieces in 4 files: 63 cut along dimension 0, 21 whole and kept 2 times"
        ),
    ])
    func aLineSaysHowTensorsAreCut(run: String, line: String) throws {
        let lines = try codes.varve("inspect", path(run)).output.split(separator: "\n")
        #expect(lines.map { String($0) }.filter { $0.contains(" pieces in ") } == ["  \(line)"])
    }

    @Test(arguments: ["mlx_npz", "nanogpt_style", "hf_llama_sharded"])
    func wholeTensorsAreNoPieces(run: String) throws {
        let outcome = try codes.varve("inspect", path(run))
        #expect(outcome.status == 0 && !outcome.output.contains("piece"))
        #expect(try !codes.varve("inspect", path(run), "--json").output.contains("\"pieces\""))
    }

    @Test func theDocumentHasTheNumbers() throws {
        let text = try codes.varve("inspect", path("mcore_legacy"), "--json").output
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let step = try #require((document["steps"] as? [[String: Any]])?.first)
        let pieces = try #require(step["pieces"] as? [String: Any])
        #expect(pieces["layout"] as? String == "Megatron-LM")
        #expect(
            ["tensors", "pieces", "replicas", "files"].map { pieces[$0] as? Int } == [116, 172, 60, 4])
        let cut = try #require(pieces["cut"] as? [[String: Any]])
        #expect(cut.map { $0["tensors"] as? Int } == [40, 16, 60])
        #expect(cut.map { $0["dimensions"] as? [Int] } == [[0], [1], []])
        #expect(cut.map { $0["flat"] as? Bool } == [false, false, false])
        #expect(cut.map { $0["copies"] as? Int } == [1, 1, 2])
    }
}
