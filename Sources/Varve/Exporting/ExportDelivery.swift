import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// What takes the bytes of exported tensors, by their number.
protocol ExportTarget: Sendable {
    /// Takes some of a tensor's bytes. Those of one tensor come in their order.
    func write(_ bytes: UnsafeRawBufferPointer, of tensor: Int, at offset: Int) throws(VarveError)
}

extension ShardWriter: ExportTarget {}

/// Brings bytes to their places in what is made. Safe from several threads if the target is.
struct ExportDelivery<Target: ExportTarget>: Sendable {
    let tensors: [ExportedTensor]
    let skeleton: StepSkeleton
    let sources: ExportSources
    let files: Target

    /// Writes what is exported of a restored tensor.
    func take(_ restored: RestoredTensor) throws(VarveError) {
        for (tensor, offset) in sources.whole[restored.index] ?? [] {
            guard case .stored(_, let stored) = tensors[tensor].source else { continue }
            do throws(VarveError) {
                try write(tensor, stored, in: restored.bytes, at: offset)
            } catch {
                throw error.at(tensor: tensors[tensor].name)
            }
        }
        if sources.inFiles.contains(restored.index) { try skeleton.write(restored) }
    }

    /// - Parameter bytes: hold the tensor's elements from `offset` on, in the order in which the checkpoint's file has them.
    private func write(_ tensor: Int, _ stored: StoredTensor, in bytes: [UInt8], at offset: Int) throws(VarveError) {
        let count = stored.byteCount
        guard offset >= 0, count <= bytes.count - offset else {
            throw VarveError(.damaged, "a restored tensor is shorter than its file says")
        }
        guard !stored.isContiguous else {
            return try bytes.withUnsafeBytesTyped { (buffer) throws(VarveError) in
                try files.write(UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + count]), of: tensor, at: 0)
            }
        }
        var view = stored
        (view.storage, view.elementOffset) = (0, 0)
        let storage = Storage(key: "", fileOffset: UInt64(offset), byteCount: UInt64(count))
        try gather(
            tensor, view,
            from: TensorFile(
                source: MemorySource(bytes), container: .assembled, storages: [storage], tensors: [view]))
    }

    /// Writes a tensor from the step's files, or a number.
    /// - Parameter contents: of those files.
    func gather(_ tensor: Int, of contents: StepContents) throws(VarveError) {
        switch tensors[tensor].source {
        case .number(let number):
            let bits = number.bitPattern
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
            try bytes.withUnsafeBytesTyped { (buffer) throws(VarveError) in
                try files.write(buffer, of: tensor, at: 0)
            }
        case .stored(let index, let stored):
            guard let (file, _) = contents.tensor(index) else { return }
            try gather(tensor, stored, from: file)
        }
    }

    private func gather(_ tensor: Int, _ stored: StoredTensor, from file: TensorFile) throws(VarveError) {
        var position = 0
        try file.forEachContiguousBlock(of: stored) { (block) throws(VarveError) in
            try files.write(block, of: tensor, at: position)
            position += block.count
        }
    }
}
