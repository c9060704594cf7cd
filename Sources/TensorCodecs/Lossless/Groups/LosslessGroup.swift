/// Lossless coding of several tensors together. `Docs/format-lossless.md` describes every byte.
package enum LosslessGroup {
    package struct Packed: Sendable {
        package var bytes: [UInt8]
        /// Bytes of each tensor; they add up to those of the lossless group.
        package var shares: [Int]
        /// How many predecessors each tensor's decoder needs: 0, 1 (`previous`) or 2 (`earlier` as well).
        package var depths: [Int]
    }

    /// What a decoder knows of a tensor before.
    package struct Member: Sendable {
        package var format: ElementFormat
        package var shape: [Int]
        /// Bytes of the predecessors, for tensors whose depth asks for them.
        package var previous: [UInt8]?
        package var earlier: [UInt8]?

        package init(format: ElementFormat, shape: [Int], previous: [UInt8]? = nil, earlier: [UInt8]? = nil) {
            self.format = format
            self.shape = shape
            self.previous = previous
            self.earlier = earlier
        }

        package var byteCount: Int { shape.reduce(1, *) * format.size }
    }

    /// Codes tensors; each by what is smallest on a sample of it, all of them together in no more than their own bytes
    /// and some 20 for each.
    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    package static func encode(_ tensors: [LosslessTensor]) throws(CodecError) -> Packed {
        try LosslessEncoder.encode(tensors)
    }

    /// The tensors' bytes. The caller has made sure that there is memory for them.
    /// - Throws: `.corrupt`; `.invalidArgument` for predecessors of other lengths.
    package static func decode(_ bytes: ArraySlice<UInt8>, _ members: [Member]) throws(CodecError) -> [[UInt8]] {
        var decoder = LosslessDecoder(members)
        return try decoder.decode(bytes)
    }
}

/// A tensor for `LosslessGroup`.
package struct LosslessTensor: Sendable {
    /// What its values are for the optimizer, which says what predicts them.
    package enum Kind: Sendable, Hashable {
        case weight, firstMoment, secondMoment, other
    }

    package var kind: Kind
    package var format: ElementFormat
    package var shape: [Int]
    package var bytes: [UInt8]
    /// The tensor's bytes in the step before, where it had this format and shape and a decoder will have them.
    package var previous: [UInt8]?
    /// The same of the step before that; only where there is `previous`.
    package var earlier: [UInt8]?
    /// Position in the lossless group of the second moment of this first moment, or of the weight of which this is a
    /// copy; smaller than its own.
    package var companion: Int?
    /// Of a second moment: what the optimizer has left of `previous`, beta2 to the power of the steps between, where
    /// that is known.
    package var decay: Double?
    /// How many steps have to be decoded, one after the other, before `previous` is there.
    package var chainLength: Int

    /// Whether its values can say something about those of another tensor: floats, as many (complex numbers are two).
    func canAccompany(_ other: LosslessTensor) -> Bool {
        guard case .float(let own) = format, case .float(let its) = other.format else { return false }
        return bytes.count / own.elementSize == other.bytes.count / its.elementSize
    }

    package init(
        kind: Kind, format: ElementFormat, shape: [Int], bytes: [UInt8], previous: [UInt8]? = nil,
        earlier: [UInt8]? = nil, companion: Int? = nil, decay: Double? = nil, chainLength: Int = 0
    ) {
        self.kind = kind
        self.format = format
        self.shape = shape
        self.bytes = bytes
        self.previous = previous
        self.earlier = earlier
        self.companion = companion
        self.decay = decay
        self.chainLength = chainLength
    }
}

/// How the lossless coder reads a tensor's bytes.
package enum ElementFormat: Sendable, Hashable {
    case float(FloatFormat)
    /// Eight bits: a sign, exponent bits, mantissa bits.
    case smallFloat
    /// Integers, and everything whose values mean nothing to the coder: words of 1, 2, 4 or 8 bytes.
    case word(bytes: Int)

    /// Bytes per element.
    package var size: Int {
        switch self {
        case .float(let format): format.elementSize
        case .smallFloat: 1
        case .word(let bytes): bytes
        }
    }
}
