import TensorCodecs
import TensorFiles

extension TensorRecord {
    func write(to writer: inout ManifestWriter) {
        writer.text(name)
        writer.byte(role.rawValue)
        writer.text(key)
        writer.text(dtype.rawValue)
        writer.list(shape) { $0.integer($1) }
        pieces.write(to: &writer)
        switch coding {
        case .packed(let losslessGroup, let index, let depth):
            writer.byte(0)
            writer.integer(losslessGroup)
            writer.integer(index)
            writer.byte(UInt8(clamping: depth))
        case .unchanged:
            writer.byte(1)
        case .sameAs(let step):
            writer.byte(2)
            writer.integer(StepVersion.number(step))
        case .excp(let quantizedGroup, let index):
            writer.byte(3)
            writer.integer(quantizedGroup)
            writer.integer(index)
        case .transform(let quantizedGroup, let index, let opens):
            writer.byte(opens ? 5 : 4)
            writer.integer(quantizedGroup)
            writer.integer(index)
        case .copy(let quantizedGroup, let index):
            writer.byte(6)
            writer.integer(quantizedGroup)
            writer.integer(index)
        case .state(let location):
            writer.byte(7)
            writer.location(location)
        }
        writer.hash(contentHash)
        writer.byte(statistics.pairing.rawValue)
        writer.integer(statistics.storedBytes)
        writer.single(statistics.referenceEnergy)
        if !coding.isExact {
            writer.single(statistics.changeSinceStart)
            writer.single(statistics.squaredError)
            writer.single(statistics.largestError)
            writer.integer(statistics.prunedCount)
        }
        writer.byte(statistics.range == nil ? 0 : 1)
        if let range = statistics.range { range.write(to: &writer) }
    }

    init(from reader: inout ManifestReader, parts: [StepManifest.Part]) throws(CodecError) {
        let name = try reader.text()
        guard let role = Role(rawValue: try reader.byte()) else {
            throw CodecError(.corrupt, "tensor \(name) has an unknown role")
        }
        let key = try reader.text()
        guard let dtype = DType(rawValue: try reader.text()) else {
            throw CodecError(.corrupt, "tensor \(name) has an unknown dtype")
        }
        let shape = try reader.list { (reader) throws(CodecError) in try reader.integer() }
        // Far below 2^63 bits, so that no later product overflows.
        var bits = dtype.bits
        for size in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: size)
            guard !overflow, product < 1 << 60 else { throw CodecError(.corrupt, "the shape of \(name) is impossible") }
            bits = product
        }
        let pieces = try TensorPieces(from: &reader, of: name, dtype: dtype, shape: shape)
        let coding: Coding
        switch try reader.byte() {
        case 0:
            coding = .packed(
                losslessGroup: try reader.integer(), index: try reader.integer(), depth: Int(try reader.byte()))
        case 1: coding = .unchanged
        case 2: coding = .sameAs(step: try reader.integer())
        case 3: coding = .excp(quantizedGroup: try reader.integer(), index: try reader.integer())
        case 4: coding = .transform(quantizedGroup: try reader.integer(), index: try reader.integer(), opens: false)
        case 5: coding = .transform(quantizedGroup: try reader.integer(), index: try reader.integer(), opens: true)
        case 6: coding = .copy(quantizedGroup: try reader.integer(), index: try reader.integer())
        case 7:
            guard dtype.floatFormat != nil, role != .weight else {
                throw CodecError(.corrupt, "tensor \(name) is no state")
            }
            coding = .state(try reader.location(parts: parts))
        default: throw CodecError(.corrupt, "tensor \(name) is coded in an unknown way")
        }
        let hash = try reader.hash()
        var statistics = TensorStatistics()
        guard let pairing = PairingNote(rawValue: try reader.byte()) else {
            throw CodecError(.corrupt, "tensor \(name) is paired in an unknown way")
        }
        statistics.pairing = pairing
        statistics.storedBytes = try reader.integer()
        statistics.referenceEnergy = try reader.single()
        if !coding.isExact {
            statistics.changeSinceStart = try reader.single()
            statistics.squaredError = try reader.single()
            statistics.largestError = try reader.single()
            statistics.prunedCount = try reader.integer()
        }
        switch try reader.byte() {
        case 0: break
        case 1:
            let range = try ErrorRange(from: &reader)
            statistics.range = range
            if coding.isExact { (statistics.squaredError, statistics.largestError) = (range.most, range.largest) }
        default: throw CodecError(.corrupt, "the error of \(name) is known in an unknown way")
        }
        self.init(
            name: name, role: role, key: key, dtype: dtype, shape: shape, pieces: pieces,
            coding: coding, contentHash: hash, statistics: statistics)
    }
}

extension ErrorRange {
    func write(to writer: inout ManifestWriter) {
        writer.output.append(littleEndian: Float(Self.figureBelow(least)).bitPattern)
        writer.single(most)
        writer.single(largest)
    }

    init(from reader: inout ManifestReader) throws(CodecError) {
        self.init(least: try reader.single(), most: try reader.single(), largest: try reader.single())
        // Not a number is in no order.
        guard least >= 0, most >= least, largest >= 0 else {
            throw CodecError(.corrupt, "an error that cannot be")
        }
    }
}
