import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing

/// Copies of weights in manifests: of any number and type, in quantized groups of both methods.
@Suite struct CopyManifestTests {
    private func manifest(
        _ copies: [(key: String, dtype: DType)], of weight: DType = .f32, excp: Bool = false
    ) throws -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        var tensors: [TensorRecord] = [], size: UInt64 = 0
        func add(_ key: String, _ dtype: DType, _ coding: TensorRecord.Coding) {
            tensors.append(
                TensorRecord(
                    name: "a", role: .weight, key: key, dtype: dtype, shape: [5, 5],
                    pieces: TensorPieces(file: 0, offset: size, byteCount: 25 * dtype.bits / 8),
                    coding: coding, contentHash: Hash128(high: 1, low: 2), statistics: TensorStatistics()))
            size += UInt64(tensors[tensors.count - 1].byteCount)
        }
        add(
            "", weight, excp ? .excp(quantizedGroup: 0, index: 0) : .transform(quantizedGroup: 0, index: 0, opens: true)
        )
        for (key, dtype) in copies { add(key, dtype, .copy(quantizedGroup: 0, index: 0)) }
        let settings = excp ? QuantizedGroup.Method.excp(try ExcpSettings(alpha: 0.01)) : .transform
        return StepManifest(
            number: 4, isEpoch: false, path: "m", isDirectory: false, method: "transform",
            predecessor: excp ? .step(2, digest: Hash128(high: 3, low: 4)) : .none,
            parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [Entry(path: "m", kind: .file, mode: 0o644, modified: 0, byteCount: size)],
            quantizedGroups: [QuantizedGroup(settings: settings, weights: location, moments: nil)], tensors: tensors)
    }

    @Test func copiesComeBack() throws {
        let manifests =
            try [DType.bf16, .f16, .f32].map { try manifest([("twin", $0)]) } + [
                try manifest([("copy", .bf16), ("twin", .f32), ("other:x", .f64)]),
                try manifest([("twin", .f32)], excp: true),
                try manifest([("twin", .f64)], of: .f64),
            ]
        for manifest in manifests {
            let body = manifest.encoded()
            let back = try StepManifest(decoding: body, file: "f")
            #expect(back.encoded() == body)
            #expect(try back.quantizedGroupMembers()[0][0].copies == Array(1..<manifest.tensors.count))
        }
    }

    @Test func aCopyIsCalledAnotherWayThanTheTensorItself() {
        let weight = TensorIdentity.weight("a"), state = TensorIdentity(name: "a", role: .other, key: "z")
        let half = TensorIdentity(name: "a", role: .weight, key: "copy")
        for identity in [weight, state, half] {
            #expect(identity.ofCopy.role == .weight && !identity.ofCopy.key.isEmpty)
        }
        #expect(Set([weight, state, half].map(\.ofCopy)).count == 3)
        // Among an optimizer's state it makes no file one of weights.
        #expect(state.ofCopy.playedRole == .other && weight.ofCopy.playedRole == .weight)
    }
}
