import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles

/// Collects the records of one step with what their decoders know.
struct RecordCollector {
    let step: OpenStep
    let decoder: ChainDecoder
    let before: (step: OpenStep, store: ScratchStore)?
    let base: (any BaseWeights)?

    private var tensors: [TensorRecord] { step.manifest.tensors }

    func records() throws -> [StoredRecord] {
        var records: [StoredRecord] = []
        for (quantizedGroup, members) in zip(step.manifest.quantizedGroups, step.members) {
            records +=
                try quantizedGroup.method == .excp ? excp(quantizedGroup, members) : transform(quantizedGroup, members)
        }
        for (location, members) in zip(step.manifest.losslessGroups, try step.manifest.losslessGroupMembers()) {
            records.append(try pack(location, members))
        }
        for tensor in tensors {
            if case .state(let location) = tensor.coding { records.append(try state(tensor, location)) }
        }
        for (index, entry) in step.manifest.entries.enumerated() {
            for block in entry.payload.indices { records += try payload(entry, index: index, block: block) }
        }
        return records
    }

    private func previous(_ identity: TensorIdentity) throws -> [UInt8]? {
        if let bytes = try before?.store.get(.tensor(identity)) { return bytes }
        return try identity.isWeight ? base?.weight(identity.name) : nil
    }

    // MARK: Quantized groups

    private func excp(_ quantizedGroup: QuantizedGroup, _ members: [StepManifest.Member]) throws -> [StoredRecord] {
        let counts = members.map { tensors[$0.weight].count }
        let roles = members.map {
            ExcpPacking.MomentRoles(first: $0.firstMoment != nil, second: $0.secondMoment != nil)
        }
        let formats = members.map { tensors[$0.weight].dtype.floatFormat ?? .f32 }
        let predecessors = try members.map { try previous(tensors[$0.weight].identity) ?? [] }
        let stored = try step.read(quantizedGroup.weights)
        let weights = try ExcpPacking.unpackWeights(stored, counts: counts)
        var records = [
            StoredRecord(bytes: stored) { bytes in
                let weights = try ExcpPacking.unpackWeights(bytes, counts: counts)
                for (position, weight) in weights.enumerated() {
                    let restored = ResidualCodec.restore(
                        weight, predecessor: predecessors[position], format: formats[position])
                    try BrokenPromise.unless(restored.count == predecessors[position].count, "a weight of another size")
                }
            }
        ]
        if let location = quantizedGroup.moments {
            records.append(
                StoredRecord(bytes: try step.read(location)) { bytes in
                    let moments = try ExcpPacking.unpackMoments(bytes, weights: weights, roles: roles)
                    for (position, moment) in moments.enumerated() {
                        for role in [moment.first, moment.second].compactMap({ $0 }) {
                            try BrokenPromise.unless(
                                role.bytes(formats[position]).count == counts[position] * formats[position].elementSize,
                                "a moment of another size")
                        }
                    }
                })
        }
        return records
    }

    private func transform(_ quantizedGroup: QuantizedGroup, _ members: [StepManifest.Member]) throws -> [StoredRecord]
    {
        let chainMembers = try members.map { try chainMember(tensors[$0.weight]) }
        let stored = try step.read(quantizedGroup.weights)
        let moments = try quantizedGroup.moments.map { try step.read($0) }
        let chain = try TransformDecoder.unpackChain(stored, chainMembers)
        @Sendable func check(_ chain: TransformDecoder.Chain, _ moments: [UInt8]?) throws {
            try BrokenPromise.unless(chain.states.count == chainMembers.count, "members are missing")
            for (state, chainMember) in zip(chain.states, chainMembers) {
                let weight = try state.weight()
                try BrokenPromise.unless(
                    weight.count == chainMember.form.count * chainMember.format.elementSize, "a weight of another size")
            }
            for (moment, chainMember) in zip(try TransformDecoder.unpackMoments(moments, chain), chainMembers) {
                for values in [moment.first, moment.second, moment.maximum].compactMap({ $0 }) {
                    try BrokenPromise.unless(values.count == chainMember.form.count, "a moment of another size")
                }
            }
        }
        var records = [
            StoredRecord(bytes: stored) { bytes in
                let chain = try TransformDecoder.unpackChain(bytes, chainMembers)
                // A state that was kept is read again as it was.
                for (state, chainMember) in zip(chain.states, chainMembers) {
                    let again = try TransformState(
                        form: chainMember.form, format: chainMember.format, serialized: state.serialized())
                    try BrokenPromise.unless(try again.weight() == state.weight(), "a state changes when it is kept")
                }
                try check(chain, nil)
            }
        ]
        if let moments { records.append(StoredRecord(bytes: moments) { try check(chain, $0) }) }
        return records
    }

    /// A parameter as the step finds it, like `ChainDecoder.decodeChain`.
    private func chainMember(_ record: TensorRecord) throws -> TransformDecoder.Member {
        let form = MatrixForm(record.shape), format = record.dtype.floatFormat ?? .f32
        guard case .transform(_, _, let opens) = record.coding, !opens else {
            return .init(form: form, format: format, state: nil)
        }
        if let known = try before?.store.state(of: record.name, form: form, format: format) {
            return .init(form: form, format: format, state: known)
        }
        let initialDirections =
            try before.map { try decoder.exactInitialDirections(record.name, count: record.count, of: $0.step) } ?? []
        let state = TransformState(
            form: form, format: format, exactly: try previous(record.identity) ?? [],
            initialDirections: initialDirections)
        return .init(form: form, format: format, state: state)
    }

    // MARK: Exact

    private func pack(_ location: RecordLocation, _ members: [Int]) throws -> StoredRecord {
        let codedMembers = try members.map { index -> LosslessGroup.Member in
            let record = tensors[index]
            let form = record.dtype.losslessForm(record.shape)
            var codedMember = LosslessGroup.Member(format: form.format, shape: form.shape)
            guard case .packed(_, _, let depth) = record.coding else { return codedMember }
            if depth > 0 { codedMember.previous = try previous(record.identity) }
            if depth > 1 { codedMember.earlier = try before?.store.get(.earlier(record.identity)) }
            return codedMember
        }
        return StoredRecord(bytes: try step.read(location)) { bytes in
            let decoded = try LosslessGroup.decode(bytes[...], codedMembers)
            try BrokenPromise.unless(decoded.map(\.count) == codedMembers.map(\.byteCount), "a tensor of another size")
        }
    }

    private func state(_ record: TensorRecord, _ location: RecordLocation) throws -> StoredRecord {
        let form = MatrixForm(record.shape), format = record.dtype.floatFormat ?? .f32
        return StoredRecord(bytes: try step.read(location)) { bytes in
            let decoded = try SingleState(bytes, form).bytes(form, format)
            try BrokenPromise.unless(decoded.count == form.count * format.elementSize, "a state of another size")
        }
    }

    private func payload(_ entry: Entry, index: Int, block: Int) throws -> [StoredRecord] {
        let record = entry.payload[block]
        guard case .record(let location, let usesPrefix) = record.content else { return [] }
        var prefix: [UInt8] = []
        if usesPrefix, let before, let prefixEntry = entry.prefixEntry {
            prefix = try decoder.payload(entry: prefixEntry, block: block, of: before.step.manifest.number)
        }
        let plainCount = record.plainCount
        return [
            StoredRecord(bytes: try step.read(location)) { [prefix] bytes in
                let plain = try PayloadCodec.decode(bytes, count: plainCount, prefix: prefix)
                try BrokenPromise.unless(plain.count == plainCount, "a block of another size")
            }
        ]
    }
}
