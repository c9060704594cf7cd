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
        for (bundle, members) in zip(step.manifest.bundles, step.members) {
            records += try bundle.method == .excp ? excp(bundle, members) : transform(bundle, members)
        }
        for (reference, members) in zip(step.manifest.packs, try step.manifest.packMembers()) {
            records.append(try pack(reference, members))
        }
        for tensor in tensors {
            switch tensor.coding {
            case .exact(let reference): records.append(try exact(tensor, reference, previous: nil))
            case .exactDelta(let reference):
                records.append(try exact(tensor, reference, previous: try previous(tensor.identity)))
            default: break
            }
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

    // MARK: Bundles

    private func excp(_ bundle: Bundle, _ members: [StepManifest.Member]) throws -> [StoredRecord] {
        let counts = members.map { tensors[$0.weight].count }
        let roles = members.map {
            ExcpPacking.MomentRoles(first: $0.firstMoment != nil, second: $0.secondMoment != nil)
        }
        let formats = members.map { tensors[$0.weight].dtype.floatFormat ?? .f32 }
        let predecessors = try members.map { try previous(tensors[$0.weight].identity) ?? [] }
        let stored = try step.read(bundle.weights)
        let weights = try ExcpPacking.unpackWeights(stored, counts: counts)
        var records = [
            StoredRecord(bytes: stored) { bytes in
                let weights = try ExcpPacking.unpackWeights(bytes, counts: counts)
                for (place, weight) in weights.enumerated() {
                    let restored = ResidualCodec.restore(
                        weight, predecessor: predecessors[place], format: formats[place])
                    try BrokenPromise.unless(restored.count == predecessors[place].count, "a weight of another size")
                }
            }
        ]
        if let reference = bundle.moments {
            records.append(
                StoredRecord(bytes: try step.read(reference)) { bytes in
                    let moments = try ExcpPacking.unpackMoments(bytes, weights: weights, roles: roles)
                    for (place, moment) in moments.enumerated() {
                        for role in [moment.first, moment.second].compactMap({ $0 }) {
                            try BrokenPromise.unless(
                                role.bytes(formats[place]).count == counts[place] * formats[place].elementSize,
                                "a moment of another size")
                        }
                    }
                })
        }
        return records
    }

    private func transform(_ bundle: Bundle, _ members: [StepManifest.Member]) throws -> [StoredRecord] {
        let places = try members.map { try place(tensors[$0.weight]) }
        let stored = try step.read(bundle.weights)
        let moments = try bundle.moments.map { try step.read($0) }
        let chain = try TransformDecoder.unpackChain(stored, places, allows: bundle.features)
        @Sendable func check(_ chain: TransformDecoder.Chain, _ moments: [UInt8]?) throws {
            try BrokenPromise.unless(chain.states.count == places.count, "members are missing")
            for (state, place) in zip(chain.states, places) {
                let weight = try state.weight()
                try BrokenPromise.unless(
                    weight.count == place.form.count * place.format.elementSize, "a weight of another size")
            }
            for (moment, place) in zip(try TransformDecoder.unpackMoments(moments, chain), places) {
                for values in [moment.first, moment.second, moment.maximum].compactMap({ $0 }) {
                    try BrokenPromise.unless(values.count == place.form.count, "a moment of another size")
                }
            }
        }
        var records = [
            StoredRecord(bytes: stored) { bytes in
                let chain = try TransformDecoder.unpackChain(bytes, places, allows: bundle.features)
                // A state that was kept is read again as it was.
                for (state, place) in zip(chain.states, places) {
                    let again = try TransformState(
                        form: place.form, format: place.format, serialized: state.serialized())
                    try BrokenPromise.unless(try again.weight() == state.weight(), "a state changes when it is kept")
                }
                try check(chain, nil)
            }
        ]
        if let moments { records.append(StoredRecord(bytes: moments) { try check(chain, $0) }) }
        return records
    }

    /// A parameter as the step finds it, like `ChainDecoder.decodeChain`.
    private func place(_ record: TensorRecord) throws -> TransformDecoder.Member {
        let form = MatrixForm(record.shape), format = record.dtype.floatFormat ?? .f32
        guard case .transform(_, _, let opens) = record.coding, !opens else {
            return .init(form: form, format: format, state: nil)
        }
        if let known = try before?.store.state(of: record.name, form: form, format: format) {
            return .init(form: form, format: format, state: known)
        }
        let opening = try before.map { try decoder.exactOpening(record.name, count: record.count, of: $0.step) } ?? []
        let state = TransformState(
            form: form, format: format, exactly: try previous(record.identity) ?? [], opening: opening)
        return .init(form: form, format: format, state: state)
    }

    // MARK: Exact

    private func pack(_ reference: PartReference, _ members: [Int]) throws -> StoredRecord {
        let places = try members.map { index -> LosslessPack.Place in
            let record = tensors[index]
            let form = record.dtype.losslessForm(record.shape)
            var place = LosslessPack.Place(format: form.format, shape: form.shape)
            guard case .packed(_, _, let depth) = record.coding else { return place }
            if depth > 0 { place.previous = try previous(record.identity) }
            if depth > 1 { place.earlier = try before?.store.get(.earlier(record.identity)) }
            return place
        }
        return StoredRecord(bytes: try step.read(reference)) { bytes in
            let decoded = try LosslessPack.decode(bytes[...], places)
            try BrokenPromise.unless(decoded.map(\.count) == places.map(\.byteCount), "a tensor of another size")
        }
    }

    private func exact(_ record: TensorRecord, _ reference: PartReference, previous: [UInt8]?) throws -> StoredRecord {
        let count = record.byteCount, elementSize = record.dtype.planeCount
        return StoredRecord(bytes: try step.read(reference)) { bytes in
            let decoded = try ExactCodec.decode(bytes, count: count, elementSize: elementSize, predecessor: previous)
            try BrokenPromise.unless(decoded.count == count, "a tensor of another size")
        }
    }

    private func payload(_ entry: Entry, index: Int, block: Int) throws -> [StoredRecord] {
        let record = entry.payload[block]
        guard case .record(let reference, let usesPrefix) = record.content else { return [] }
        var prefix: [UInt8] = []
        if usesPrefix, let before, let place = entry.prefixEntry {
            prefix = try decoder.payload(entry: place, block: block, of: before.step.manifest.number)
        }
        let plainCount = record.plainCount
        return [
            StoredRecord(bytes: try step.read(reference)) { [prefix] bytes in
                let plain = try PayloadCodec.decode(bytes, count: plainCount, prefix: prefix)
                try BrokenPromise.unless(plain.count == plainCount, "a block of another size")
            }
        ]
    }
}
