import ChainArchive
import TensorCodecs
public import TensorFiles

extension Archive {
    /// What is known of a tensor of a step without decoding it.
    public struct TensorInfo: Sendable, Hashable {
        /// The name of its parameter. A tensor without a parameter has the name that it has in its file.
        public var name: String
        /// What it is for its parameter.
        public var role: TensorRole
        /// The optimizer's key for it, such as `exp_avg`. It is empty for weights.
        public var key: String
        /// The type of its elements.
        public var dtype: DType
        /// The number of elements along each axis. It is empty for a scalar.
        public var shape: [Int]
        /// The path of its file in the run; of a tensor that lies in pieces that of the first one.
        public var file: String
        /// Whether a restore gives back every bit of the original.
        public var isExact: Bool

        /// The number of elements.
        public var elementCount: Int { shape.reduce(1, *) }

        init(_ record: TensorRecord, of manifest: StepManifest) {
            name = record.name
            role = TensorRole(record.identity.playedRole)
            key = record.key
            dtype = record.dtype
            shape = record.shape
            file = manifest.entries[record.pieces.start.file].path
            isExact = record.isOriginal
        }
    }

    /// A restored tensor.
    public struct Tensor: Sendable {
        /// Name, role, type and shape.
        public var info: TensorInfo
        /// The elements as they stand in the checkpoint's file: little-endian, in row-major order, without gaps.
        public var bytes: [UInt8]

        /// The name of its parameter, or its own if it has no parameter.
        public var name: String { info.name }
        /// The type of its elements.
        public var dtype: DType { info.dtype }
        /// The number of elements along each axis.
        public var shape: [Int] { info.shape }

        /// The elements as numbers, in row-major order; `nil` if the type is none of F16, BF16, F32 and F64. Elements
        /// of type F64 are rounded.
        public var floats: [Float]? {
            dtype.floatFormat.map { format in bytes.withUnsafeBytes { format.floats($0) } }
        }
    }

    /// The tensors of a step, in the order of the manifest. Nothing is decoded.
    ///
    /// Moments that were forgotten are left out.
    /// - Throws: `.usage` if the archive has no such step or it was forgotten; `.notFound`, `.notAnArchive`,
    ///   `.damaged`.
    public func tensors(in step: Int) throws(VarveError) -> [TensorInfo] {
        let reader = try ArchiveReader(path)
        try reader.checkIsVisible(step)
        let manifest = try reader.manifest(step)
        let lacksMoments = reader.forgotten.extent(step) == .moments
        return manifest.tensors.filter { !lacksMoments || !manifest.isMoment($0) }.map {
            TensorInfo($0, of: manifest)
        }
    }

    /// Restores one tensor of a step.
    ///
    /// Only the unit that the tensor lies in is decoded, and what that unit builds on in earlier steps. The result is
    /// compared with the hash that was recorded when the step was compressed.
    /// - Parameters:
    ///   - name: the name of the parameter, or of a tensor without a parameter in its file.
    ///   - step: the number of the step.
    ///   - role: which of the parameter's tensors; `nil` for the weight, or if no weight has the name, for the only
    ///     other tensor that has it.
    ///   - key: the optimizer's key, if several tensors of the role have the name; `nil` for any.
    ///   - base: the base that the archive was made with, as ``CompressionOptions/base``. It is needed only if the
    ///     tensor builds on it.
    /// - Throws: `.usage` if no tensor or several fit, the archive has no such step, its moments were forgotten or the
    ///   base is missing; `.forgotten` (by another process meanwhile), `.damaged`, `.notFound`, `.inputOutput`.
    public func tensor(
        named name: String, step: Int, role: TensorRole? = nil, key: String? = nil, base: String? = nil
    ) throws(VarveError) -> Tensor {
        let reader = try ArchiveReader(path)
        try reader.checkIsVisible(step)
        let decoder = ChainDecoder(
            reader, base: try base.map { (path) throws(VarveError) in try CheckpointWeights(path) })
        do throws(VarveError) {
            let opened = try decoder.step(step), manifest = opened.manifest
            let index = try Self.index(of: name, role, key, in: manifest)
            let record = manifest.tensors[index]
            if reader.forgotten.extent(step) == .moments, manifest.isMoment(record) {
                throw VarveError(.usage, "the moments of step \(step) were forgotten", tensor: name)
            }
            // Of a quantized group only the weights are decoded, if that is enough.
            let restored = try decoder.decodeUnit(
                record.unit(index), of: step, onlyWeights: record.role == .weight)
            guard let found = restored.first(where: { $0.index == index }) else {
                throw VarveError(.damaged, "the step does not hold the tensor", tensor: name)
            }
            return Tensor(info: TensorInfo(record, of: manifest), bytes: found.bytes)
        } catch {
            throw (reader.isPrunedSince(step) ? VarveError.forgotten(step, file: path) : error).at(file: path)
        }
    }

    /// The tensor that is meant.
    /// - Throws: `.usage` if no tensor or several fit.
    private static func index(
        of name: String, _ role: TensorRole?, _ key: String?, in manifest: StepManifest
    ) throws(VarveError) -> Int {
        let fitting = manifest.tensors.indices.filter { index in
            let record = manifest.tensors[index]
            return record.name == name && role.map { $0 == TensorRole(record.identity.playedRole) } ?? true
                && key.map { $0 == record.key } ?? true
        }
        if let weight = fitting.first(where: { manifest.tensors[$0].identity.isWeight }) { return weight }
        guard let index = fitting.first, fitting.count == 1 else {
            let found = fitting.prefix(5).map { index in
                let record = manifest.tensors[index]
                return "\(record.identity.playedRole.name) \(record.key)"
            }
            throw VarveError(
                .usage,
                found.isEmpty
                    ? "step \(manifest.number) has no such tensor"
                    : "step \(manifest.number) has several of that name: \(found.joined(separator: ", "))",
                tensor: name)
        }
        return index
    }
}

extension TensorRecord {
    /// What is decoded to have the tensor, which is the manifest's tensor `index`.
    fileprivate func unit(_ index: Int) -> DecodingUnit {
        if let member = coding.member { return .quantizedGroup(member.quantizedGroup) }
        guard case .packed(let losslessGroup, _, _) = coding else { return .tensors([index]) }
        return .losslessGroup(losslessGroup)
    }
}
