import ChainArchive
import Checkpoints
import FileSystem
import Synchronization

/// Gives out tensors of a step as one safetensors file, while it decodes them.
///
/// Each tensor is compared with its hash before a byte of it goes out. They come in the order in which they are decoded, so
/// none has to wait on a disk, and only what they lie in is decoded. Tensors that would let the next one begin within a
/// multiple of its elements' size, and those that lie in no record whole, are gathered at the end, the widest types first.
struct TensorStream {
    let decoder: ChainDecoder
    let number: Int
    let scratch: String
    let onlyWeights: Bool
    let names: [NamePattern]
    /// Which of the step's files are there; `nil` for all.
    let entries: Set<Int>?
    let workers: Workers

    /// What is decoded in one go, and what of it goes out, in this order.
    private struct Part: Sendable {
        var unit: DecodingUnit
        var tensors: [Int]
        var byteCount: Int
    }

    func write(to sink: @escaping ByteSink) async throws(VarveError) {
        let step = try decoder.step(number)
        let skeleton = try StepSkeleton(
            number, decoder: decoder, in: Paths.join(scratch, "skeleton"), entries: entries)
        let records = FileRanges<Int>(recordsOf: step.manifest)
        let tensors = try exported(step, skeleton, records)
        var sources = ExportSources(
            tensors, skeleton.contents, step.manifest, records, entryOfFile: skeleton.entryOfFile)
        sources.gather { tensors[$0].byteCount % Self.alignment != 0 }
        let parts = parts(step, sources, tensors)
        let atOnce = parts.flatMap(\.tensors)
        guard atOnce.count == sources.whole.reduce(0, { $0 + $1.value.count }) else {
            throw VarveError(.damaged, "a tensor lies in nothing that is decoded", file: step.manifestPath)
        }
        let gathered = sources.gathered.sorted { (-tensors[$0].dtype.bits, $0) < (-tensors[$1].dtype.bits, $1) }
        let empty = tensors.indices.filter { tensors[$0].byteCount == 0 }
        let header = ShardPlan.header((atOnce + gathered + empty).map { tensors[$0] })
        try header.withUnsafeBytesTyped { (bytes) throws(VarveError) in try sink(bytes) }
        let target = ForwardedTensors(sink)
        try await decode(
            parts, step, ExportDelivery(tensors: tensors, skeleton: skeleton, sources: sources, files: target))
        let delivery = ExportDelivery(tensors: tensors, skeleton: skeleton, sources: sources, files: target)
        let contents = gathered.isEmpty ? skeleton.contents : try skeleton.filled()
        for tensor in gathered {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            try delivery.gather(tensor, of: contents)
            try target.finish(tensors[tensor])
        }
    }

    /// Every tensor of so many bytes may be followed by any other.
    private static let alignment = 8

    private func exported(
        _ step: OpenStep, _ skeleton: StepSkeleton, _ records: FileRanges<Int>
    ) throws(VarveError) -> [ExportedTensor] {
        let export: StepExport
        do throws(VarveError) {
            export = try StepExport(
                skeleton.contents, step.manifest, records, entryOfFile: skeleton.entryOfFile, onlyWeights: onlyWeights,
                names: names)
        } catch {
            throw error.at(file: decoder.archive.layout.root)
        }
        let weights = Set(export.weights.map { Array($0.name.utf8) })
        if let second = export.states.first(where: { weights.contains(Array($0.name.utf8)) }) {
            throw VarveError(.unsupported, "a weight and a state have this name", tensor: second.name)
        }
        return export.weights + export.states
    }

    private func parts(_ step: OpenStep, _ sources: ExportSources, _ tensors: [ExportedTensor]) -> [Part] {
        step.manifest.decodingUnits(of: sources.records).map { unit in
            let own = step.tensors(of: unit).flatMap { sources.whole[$0] ?? [] }.map(\.tensor)
            return Part(unit: unit, tensors: own, byteCount: own.reduce(0) { $0 + tensors[$1].byteCount })
        }
    }

    private func decode(
        _ parts: [Part], _ step: OpenStep, _ delivery: ExportDelivery<ForwardedTensors>
    ) async throws(VarveError) {
        let needed = delivery.sources.records
        func cost(_ part: Part) -> Int { UnitCost.decoding(part.unit, of: step) + part.byteCount }
        try workers.check(parts.lazy.map { (needed: cost($0), tensor: nil) })
        try await OrderedWork.run(parts, workers, cost: cost, held: { $0.byteCount }) {
            (part) throws(VarveError) -> CollectedTensors in
            let collected = CollectedTensors()
            let own = ExportDelivery(
                tensors: delivery.tensors, skeleton: delivery.skeleton, sources: delivery.sources, files: collected)
            let onlyWeights = step.needsOnlyWeights(needed, of: part.unit)
            for tensor in try decoder.decodeUnit(part.unit, of: number, onlyWeights: onlyWeights) {
                try own.take(tensor)
            }
            try collected.order(part.tensors, delivery.tensors)
            return collected
        } consume: { (collected) throws(VarveError) in
            for bytes in collected.inOrder {
                try bytes.withUnsafeBytesTyped { (bytes) throws(VarveError) in try delivery.files.sink(bytes) }
            }
        }
    }
}

/// Tensors of a part, until those before them are out.
private final class CollectedTensors: ExportTarget {
    private let tensors = Mutex<[Int: [UInt8]]>([:])
    private let ordered = Mutex<[[UInt8]]>([])

    func write(_ bytes: UnsafeRawBufferPointer, of tensor: Int, at offset: Int) throws(VarveError) {
        tensors.withLock { $0[tensor, default: []].append(contentsOf: bytes) }
    }

    /// - Throws: `.damaged` if one is not there, or not all of it.
    func order(_ wanted: [Int], _ exported: [ExportedTensor]) throws(VarveError) {
        var found = tensors.withLock { all in
            defer { all = [:] }
            return all
        }
        var result: [[UInt8]] = []
        for tensor in wanted {
            guard let bytes = found.removeValue(forKey: tensor), bytes.count == exported[tensor].byteCount else {
                throw VarveError(.damaged, "the step does not hold the tensor", tensor: exported[tensor].name)
            }
            result.append(bytes)
        }
        let all = result
        ordered.withLock { $0 = all }
    }

    var inOrder: [[UInt8]] { ordered.withLock { $0 } }

    var byteCount: Int { ordered.withLock { $0.reduce(0) { $0 + $1.count } } }
}

/// Tensors that go out as they come, one after the other.
private final class ForwardedTensors: ExportTarget {
    let sink: ByteSink
    private let count = Atomic<Int>(0)

    init(_ sink: @escaping ByteSink) { self.sink = sink }

    func write(_ bytes: UnsafeRawBufferPointer, of tensor: Int, at offset: Int) throws(VarveError) {
        count.add(bytes.count, ordering: .relaxed)
        try sink(bytes)
    }

    /// - Throws: `.damaged` if not all of the tensor came.
    func finish(_ tensor: ExportedTensor) throws(VarveError) {
        guard count.exchange(0, ordering: .relaxed) == tensor.byteCount else {
            throw VarveError(.damaged, "the step does not hold the tensor", tensor: tensor.name)
        }
    }
}
