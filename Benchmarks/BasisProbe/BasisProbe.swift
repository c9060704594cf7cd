import COpenBLAS
import TensorCodecs

/// Prints one hash of all that bases of several sizes learn, rotate and restore. It must be the same on every machine.
///
/// BasisProbe [THREADS]: BLAS threads, whatever the bases ask for.
@main struct BasisProbe {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var state: UInt64 = 1

    static func main() throws {
        var probe = BasisProbe()
        for side in [Side.left, .right] {
            try probe.learn(size: 24, other: 40, side: side)
            try probe.learn(size: 128, other: 96, side: side)
            try probe.learn(size: 300, other: 200, side: side)
        }
        try probe.learn(size: 1024, other: 48, side: .left, exponents: [-20])
        print(String(probe.hash, radix: 16))
    }

    private mutating func learn(size: Int, other: Int, side: Side, exponents: [Int] = [-20, -22]) throws {
        var basis = SideBasis(size: size, kind: SideBasis.kind(forSide: size), side: side)
        for exponent in exponents {
            try basis.learn(sample(size, other, side), exponent: exponent)
            // The first call set the number of threads.
            if let threads = CommandLine.arguments.dropFirst().first.flatMap({ Int32($0) }) {
                openblas_set_num_threads(threads)
            }
            let rotated = try basis.rotate(sample(size, other, side))
            for value in try rotated.values + basis.restore(rotated).values { mix(UInt64(bitPattern: Int64(value))) }
            for energy in basis.energies + [basis.totalEnergy] { mix(UInt64(bitPattern: Int64(energy))) }
            var writer = ByteWriter()
            basis.serialise(into: &writer)
            for byte in writer.bytes { mix(UInt64(byte)) }
        }
    }

    /// Large integers, some directions much stronger than others.
    private mutating func sample(_ size: Int, _ other: Int, _ side: Side) -> IntegerMatrix {
        let (rows, columns) = side == .left ? (size, other) : (other, size)
        let row = (0..<rows).map { _ in random() }, column = (0..<columns).map { _ in random() }
        var values: [Double] = []
        for i in 0..<rows {
            for j in 0..<columns {
                values.append((row[i] * column[j] / 0x1p20 + random() / Double(i % 7 + 1)).rounded())
            }
        }
        return IntegerMatrix(rows: rows, columns: columns, values: values)
    }

    /// FNV-1a.
    private mutating func mix(_ value: UInt64) {
        hash = (hash ^ value) &* 0x0000_0100_0000_01b3
    }

    /// SplitMix64, an integer of 24 bits.
    private mutating func random() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double(Int64(bitPattern: z ^ (z >> 31)) >> 40)
    }
}
