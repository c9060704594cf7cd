import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Which bytes of which files a tensor fills.
extension StepPlanner {
    /// The tensor with its bytes claimed; `nil` where they are not its own (a second name of a tied weight, a view with
    /// gaps): they are coded with the first name or stay in the payload.
    mutating func planned(
        _ tensorIndex: TensorIndex?, _ identity: TensorIdentity, _ pairing: PairingNote, mayBeSmall: Bool = false
    ) throws(VarveError) -> PlannedTensor? {
        guard let tensorIndex, let (file, tensor) = contents.tensor(tensorIndex),
            let range = file.byteRange(of: tensor), let pieces = contents.pieces(of: tensorIndex),
            !range.isEmpty
        else { return nil }
        if identity.role == .other, range.count < StepPlan.smallestTensor, !mayBeSmall { return nil }
        let count = pieces.all.count
        guard count == 1 || count <= piecesLeft, claim(pieces.pieces, of: pieces) else { return nil }
        piecesLeft -= count == 1 ? 0 : count
        var replicas: [TensorPiece] = []
        if !pieces.replicas.isEmpty {
            let first = Dictionary(pieces.pieces.map { ($0.placement, $0) }, uniquingKeysWith: { first, _ in first })
            for replica in pieces.replicas {
                guard let first = first[replica.placement], try isRepetition(replica, of: first, in: pieces),
                    claim([replica], of: pieces)
                else { continue }
                replicas.append(replica)
            }
        }
        var identity = identity
        var repetition = 2
        while !identities.insert(identity).inserted {
            identity.name += "#\(repetition)"
            repetition += 1
        }
        // The other byte order, or a conjugate: bytes, not values.
        let dtype = tensor.isOpaque && tensor.dtype.isQuantizable ? Self.opaque(tensor.dtype) : tensor.dtype
        return PlannedTensor(
            identity: identity, dtype: dtype, shape: tensor.shape,
            pieces: pieces.numbered({ entryOfFile[$0] }, replicas: replicas), source: file.source, range: range,
            pairing: pairing)
    }

    /// Claims the bytes of pieces, all or none.
    private mutating func claim(_ pieces: [TensorPiece], of tensor: TensorPieces) -> Bool {
        for (index, piece) in pieces.enumerated() where !claimed[piece.file].claim(tensor.range(piece)) {
            for earlier in pieces[..<index] { claimed[earlier.file].release(tensor.range(earlier)) }
            return false
        }
        return true
    }

    /// Gives a claimed tensor's bytes to the payload.
    mutating func release(_ tensor: TensorPieces) {
        for piece in tensor.all { claimed[piece.file].release(tensor.range(piece)) }
    }

    /// Whether a further piece holds what the first of the same elements does. Both are read.
    private func isRepetition(
        _ replica: TensorPiece, of first: TensorPiece, in tensor: TensorPieces
    ) throws(VarveError) -> Bool {
        try FileComparison.sameBytes(
            try SliceSource(contents.files[first.file].source, tensor.range(first)),
            try SliceSource(contents.files[replica.file].source, tensor.range(replica)))
    }

    private static func opaque(_ dtype: DType) -> DType {
        switch dtype.bits {
        case 16: .u16
        case 32: .u32
        default: .u64
        }
    }
}
