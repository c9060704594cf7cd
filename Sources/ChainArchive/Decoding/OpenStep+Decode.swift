import Glibc
import TensorCodecs
import FileSystem

/// One step's own decoding, given what it builds on.
extension OpenStep {
    /// Whether the record's bytes follow from the predecessor's restored tensor of the same identity.
    func needsPredecessor(_ index: Int) -> Bool {
        let tensor = manifest.tensors[index]
        switch tensor.coding {
        case .sameAs, .copy, .state: return false
        case .unchanged: return true
        case .packed(_, _, let depth): return depth > 0
        case .excp: return tensor.role == .weight
        case .transform(_, _, let opens): return tensor.role == .weight && !opens
        }
    }

    /// A tensor that is stored alone. `sameAs` is resolved by the caller.
    func decodeAlone(_ record: TensorRecord, previous: [UInt8]?) throws(VarveError) -> [UInt8] {
        switch record.coding {
        case .unchanged:
            guard let previous else { break }
            return previous
        case .state(let location):
            return try decodeState(record, location)
        case .excp, .transform, .copy, .sameAs, .packed:
            break
        }
        throw VarveError(.damaged, "the tensor cannot be decoded on its own", file: manifestPath, tensor: record.name)
    }

    private func decodeState(_ record: TensorRecord, _ location: RecordLocation) throws(VarveError) -> [UInt8] {
        guard let format = record.dtype.floatFormat else {
            throw VarveError(.damaged, "a state of a type that has none", file: manifestPath, tensor: record.name)
        }
        // Levels, classes and values beside the bytes.
        try expectRoom(record.byteCount, times: 12, record.name)
        let stored = try read(location)
        let form = MatrixForm(record.shape)
        do throws(CodecError) {
            return try SingleState(stored, form).bytes(form, format)
        } catch {
            throw undecodable(record.name, location, error)
        }
    }

    /// - Throws: `.unsupported` for more than the machine's memory, which asking for would end the process.
    func expectRoom(_ byteCount: Int, times factor: Int = 1, _ tensor: String) throws(VarveError) {
        let memory = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
        guard memory.overflow || memory.partialValue <= 0 || byteCount <= memory.partialValue / factor else {
            throw VarveError(
                .unsupported, "a tensor of \(byteCount) bytes does not fit into memory", file: manifestPath,
                tensor: tensor)
        }
    }

    /// The quantized residuals of a quantized group's weights.
    func unpackWeights(_ quantizedGroup: Int) throws(VarveError) -> [ExcpRole] {
        let location = manifest.quantizedGroups[quantizedGroup].weights
        // An index and a value each.
        for member in members[quantizedGroup] {
            let record = manifest.tensors[member.weight]
            try expectRoom(record.count, times: 5, record.name)
        }
        let stored = try read(location)
        do throws(CodecError) {
            return try ExcpPacking.unpackWeights(
                stored, counts: members[quantizedGroup].map { manifest.tensors[$0.weight].count })
        } catch {
            throw undecodable(members[quantizedGroup].first.map { manifest.tensors[$0.weight].name }, location, error)
        }
    }

    /// A weight from its predecessor and its quantized residual.
    func restoreWeight(
        _ record: TensorRecord, _ residual: ExcpRole, previous: [UInt8]
    ) throws(VarveError) -> [UInt8] {
        guard let format = record.dtype.floatFormat else {
            throw VarveError(.damaged, "a residual of a type that has none", file: manifestPath, tensor: record.name)
        }
        return ResidualCodec.restore(residual, predecessor: previous, format: format)
    }

    /// A payload block from its record, its content compared with its checksum.
    func decodePayload(_ entry: Entry, block: Int, prefix: [UInt8]) throws(VarveError) -> [UInt8] {
        let block = entry.payload[block]
        guard case .record(let location, let usesPrefix) = block.content else {
            throw VarveError(.damaged, "a payload block without a record", file: manifestPath)
        }
        return try block.decode(try read(location), prefix: usesPrefix ? prefix : []) {
            undecodable(entry.path, location, $0)
        }
    }
}
