/// Energies of one side of a tile's coefficients in half octaves (squared sizes in steps), from which classes follow.
///
/// A basis that has learned predicts them; its order is right, but not its spread and level, so a slope and a shift are
/// stored: energy = (slope * predicted) / 8 + shift. Where nothing predicts them they are stored one by one, in octaves,
/// unless the side is too short across to pay for it.
struct SideEnergies: Sendable {
    /// Eighths; 0 where nothing was predicted.
    var slope: UInt8 = 0
    /// Half octaves.
    var shift: Int16 = 0
    /// Differences to the shift in octaves; empty where the energies are predicted.
    var symbols: [Int32] = []

    static let slopes: ClosedRange<UInt8> = 0...15
    static let shifts: ClosedRange<Int32> = -16_000...16_000
    /// Below, a row or column holds nothing but zeros.
    private static let floor = -18
    private static let symbolRange = -40...40
    private static let fewestAcross = 16

    /// Symbols of a side of `count` rows or columns, each of `across` elements.
    static func symbolCount(_ basis: SideBasis, across: Int) -> Int {
        basis.isOpen || across < fewestAcross ? 0 : basis.size
    }

    /// Energies of every row (column).
    /// - Parameter symbols: `symbolCount` of them.
    static func energies(_ basis: SideBasis, slope: UInt8, shift: Int16, symbols: ArraySlice<Int32>)
        throws(CodecError) -> [Int]
    {
        guard symbols.isEmpty else {
            var energies: [Int] = []
            energies.reserveCapacity(symbols.count)
            for symbol in symbols {
                guard symbolRange.contains(Int(symbol)) else { throw .corrupt("an energy of \(symbol) octaves") }
                energies.append(2 * Int(symbol) + Int(shift))
            }
            return energies
        }
        return basis.energies.map { (Int(slope) * Int($0)) >> 3 + Int(shift) }
    }

    /// What is stored for a side whose mean squared sizes (in steps) are given.
    init(_ basis: SideBasis, means: [Double], across: Int) {
        let found = means.map { $0 > 0 ? max(Self.floor, Self.halfOctaves($0)) : Self.floor }
        if basis.isOpen {
            fitSlope(found, basis.energies, means)
            return
        }
        if across >= Self.fewestAcross {
            // Even shift, so that differences are whole octaves; the commonest energy costs least.
            var counts: [Int: Int] = [:]
            for energy in found { counts[(energy + 1) >> 1, default: 0] += 1 }
            let commonest = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key ?? 0
            shift = Int16(max(-8_000, min(8_000, commonest)) * 2)
            symbols = found.map {
                Int32(
                    max(Self.symbolRange.lowerBound, min(Self.symbolRange.upperBound, ($0 + 1) >> 1 - Int(shift) / 2)))
            }
            return
        }
        let mean = means.reduce(0, +) / Double(max(1, means.count))
        shift = Self.clamped(mean > 0 ? Self.halfOctaves(mean) : Self.floor)
    }

    /// Weighted least squares of found on predicted energies: where the energy is, the classes matter.
    private mutating func fitSlope(_ found: [Int], _ predicted: [Int32], _ means: [Double]) {
        let mean = means.reduce(0, +) / Double(max(1, means.count))
        var count = 0.0, sumX = 0.0, sumY = 0.0, sumXX = 0.0, sumXY = 0.0
        for index in found.indices where found[index] > Self.floor {
            let x = Double(predicted[index]), y = Double(found[index]), weight = means[index] / mean + 0.1
            count += weight
            sumX += weight * x
            sumY += weight * y
            sumXX += weight * x * x
            sumXY += weight * x * y
        }
        guard count > 0 else {
            shift = Int16(Self.floor)
            return
        }
        let spread = count * sumXX - sumX * sumX, common = count * sumXY - sumX * sumY
        let eighths = spread > 0 ? (16 * common / spread + 1) / 2 : 0
        slope = UInt8(max(0, min(Double(Self.slopes.upperBound), eighths.rounded(.down))))
        // Means of both, the predicted one as it will be used.
        var used = 0.0
        for index in found.indices where found[index] > Self.floor {
            used += (means[index] / mean + 0.1) * Double((Int(slope) * Int(predicted[index])) >> 3)
        }
        shift = Self.clamped(Int(((sumY - used) / count).rounded()))
    }

    private static func clamped(_ value: Int) -> Int16 {
        Int16(max(Int(shifts.lowerBound), min(Int(shifts.upperBound), value)))
    }

    /// log2 in half octaves, rounded to the nearest.
    private static func halfOctaves(_ value: Double) -> Int {
        // Half a step up: 2^(1/4).
        PowerTable.log2(value * 0x1.306fe0a31b715p+0, parts: 2)
    }
}
