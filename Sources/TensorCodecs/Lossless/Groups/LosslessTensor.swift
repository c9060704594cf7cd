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

    /// Whether its values can say something about those of another tensor: floats, as many (complex numbers are two).
    func canAccompany(_ other: LosslessTensor) -> Bool {
        guard case .float(let own) = format, case .float(let its) = other.format else { return false }
        return bytes.count / own.elementSize == other.bytes.count / its.elementSize
    }

    package init(
        kind: Kind, format: ElementFormat, shape: [Int], bytes: [UInt8], previous: [UInt8]? = nil,
        earlier: [UInt8]? = nil, companion: Int? = nil, decay: Double? = nil
    ) {
        self.kind = kind
        self.format = format
        self.shape = shape
        self.bytes = bytes
        self.previous = previous
        self.earlier = earlier
        self.companion = companion
        self.decay = decay
    }
}
