import TensorFiles
import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// Encodes a sample of consecutive steps in memory, each against what a decoder would have of the one before, and says
/// what the whole steps would take.
struct SampleEncoder {
    /// What was measured on a step.
    struct Measurement {
        var step: Step
        var isKeyframe: Bool
        /// Bytes of the sample that were encoded.
        var sampledBytes: UInt64
        /// Of the whole step, judged by the sample.
        var storedBytes: UInt64
        /// What it leaves for the next step, judged likewise: in the scratch file, and in a file of its own.
        var scratchBytes: UInt64
        var stateBytes: UInt64
        var seconds: Double
        var outline: [FileOutline]
        var layout: String
        var parameters: Int
        var values: UInt64
        var notes: [String]
        /// Of what was encoded.
        var manifest: StepManifest
    }

    let found: Run
    let options: CompressionOptions
    let method: StepMethod
    let base: CheckpointWeights?
    /// Of each step.
    let sampleBytes: Int

    private var sample: UnitSample?
    private var last: (open: OpenStep, kept: StepSession.Remains)?
    /// The steps of the sample before the last.
    private var earlier: [OpenStep] = []

    init(
        found: Run, options: CompressionOptions, method: StepMethod, base: CheckpointWeights?, sampleBytes: Int
    ) {
        self.found = found
        self.options = options
        self.method = method
        self.base = base
        self.sampleBytes = sampleBytes
    }

    /// - Parameters:
    ///   - isKeyframe: whether it builds on nothing, or on `base`.
    ///   - known: pairs that the archive has.
    mutating func measure(
        _ step: Step, isKeyframe: Bool, known: StepContents.KnownPairs, progress: ProgressHandler?
    ) async throws(VarveError) -> Measurement {
        let began = ContinuousClock.now
        let session = try StepSession(
            SourceStep(step, root: found.root), after: past(isKeyframe: isKeyframe, known: known), base: base,
            method: method, store: { ScratchStore(inMemory: method.keptContents) })
        let plan = session.plan, contents = session.contents
        let names = UnitSample.StepNames(path: step.path, isDirectory: step.isDirectory)
        let sample = self.sample ?? UnitSample(of: plan, names, byteCount: sampleBytes)
        self.sample = sample
        let units = sample.units(of: plan, names)
        var manifest = session.manifest
        // The hashes of a base are not reckoned with, for that reads all of it.
        if session.base != nil { manifest.predecessor = .none }
        let planned = ContinuousClock.now
        let whole = Self.sizes(of: plan.units), encoded = Self.sizes(of: units)
        var stored: [UnitClass: Double] = [:], position = 0
        try await session.encode(units, options.capacity) { (unit) throws(VarveError) in
            stored[UnitClass(units[position]), default: 0] += Double(unit.heldBytes)
            position += 1
            manifest.append(unit, at: unit.blobs.map { Self.location($0) })
            progress?(.bytes(unit.sourceBytes))
        }
        let notes = session.notes + manifest.notes + [manifest.unprovenNote].compactMap { $0 }
        let done = ContinuousClock.now
        for file in contents.files { try file.source.checkUnchanged() }
        let wholeBytes = whole.values.reduce(0, +), encodedBytes = encoded.values.reduce(0, +)
        let scale = Double(wholeBytes) / Double(max(1, encodedBytes))
        var size = Double(try ManifestFile.seal(manifest.encoded(), kind: .step).count) * max(1, scale)
        for (kind, bytes) in stored { size += bytes * Double(whole[kind] ?? 0) / Double(max(1, encoded[kind] ?? 0)) }
        size += Double(PartParity.byteCount(ofPart: UInt64(size)))
        let left = session.remains.map { Self.left($0.store, whole, encoded) } ?? (scratch: 0, state: 0)
        if let last { earlier.append(last.open) }
        last = session.remains.map { (OpenStep(unstored: manifest), $0) }
        let weights = contents.parameters.compactMap(\.weight).compactMap { contents.tensor($0)?.tensor.count }
        return Measurement(
            step: step, isKeyframe: session.isKeyframe, sampledBytes: UInt64(encodedBytes),
            storedBytes: UInt64(size), scratchBytes: left.scratch, stateBytes: left.state,
            seconds: Self.seconds(planned - began) + Self.seconds(done - planned) * scale,
            outline: plan.outline(contents), layout: contents.layout, parameters: weights.count,
            values: weights.reduce(0) { $0.addingSaturated(UInt64($1)) }, notes: notes,
            manifest: manifest)
    }

    /// Bytes that a whole step would leave where its sample left those of a store.
    private static func left(
        _ store: ScratchStore, _ whole: [UnitClass: Int], _ encoded: [UnitClass: Int]
    ) -> (scratch: UInt64, state: UInt64) {
        var sum = (scratch: 0.0, state: 0.0)
        for isPayload in [false, true] {
            func bytes(_ sizes: [UnitClass: Int]) -> Double {
                Double(sizes.filter { ($0.key == .payload) == isPayload }.values.reduce(0, +))
            }
            let scale = bytes(whole) / max(1, bytes(encoded))
            let kept = store.byteCounts { key in
                if case .payload = key { isPayload } else { !isPayload }
            }
            sum.scratch += Double(kept.own) * scale
            sum.state += Double(kept.own + kept.elsewhere) * scale
        }
        return (UInt64(sum.scratch), UInt64(sum.state))
    }

    /// What the sample has of the step before.
    private func past(isKeyframe: Bool, known: StepContents.KnownPairs) -> StepSession.Past {
        var past = StepSession.Past(before: last?.open.manifest, known: known)
        past.isSample = true
        past.unstored = earlier
        if let last, !isKeyframe {
            past.predecessor = (
                .step(last.open, store: last.kept.store, originals: nil), FilePreviousWeights(last.kept.contents)
            )
        }
        return past
    }

    /// Units that cost about the same for each of their bytes.
    private enum UnitClass: Hashable {
        case quantized, weights, tensors, payload

        init(_ unit: EncodingUnit) {
            switch unit {
            case .quantizedGroup: self = .quantized
            case .losslessGroup(let tensors): self = tensors.first?.identity.role == .weight ? .weights : .tensors
            case .payload: self = .payload
            }
        }
    }

    private static func sizes(of units: [EncodingUnit]) -> [UnitClass: Int] {
        var sizes: [UnitClass: Int] = [:]
        for unit in units {
            let byteCount =
                switch unit {
                case .quantizedGroup(let parameters): parameters.flatMap(\.tensors).reduce(0) { $0 + $1.range.count }
                case .losslessGroup(let tensors): tensors.reduce(0) { $0 + $1.range.count }
                case .payload(let payload): payload.byteCount
                }
            sizes[UnitClass(unit), default: 0] += byteCount
        }
        return sizes
    }

    /// What a manifest would say of a blob that is written nowhere.
    private static func location(_ blob: [UInt8]) -> RecordLocation {
        RecordLocation(part: 0, offset: 1 << 20, byteCount: UInt64(blob.count), checksum: checksum64(blob))
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
