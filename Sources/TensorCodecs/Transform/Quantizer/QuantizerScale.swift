/// The factor on a tensor's step size for a second moment that lies off the model's.
package enum QuantizerScale {
    /// 2^(-quarterOctaves / 16), to a sixteenth of an octave: v to the power -1/4.
    package static func value(quarterOctaves: Double) -> Double {
        guard quarterOctaves.isFinite else { return 1 }
        return PowerTable.sixteenth(-Int(max(-4000, min(4000, quarterOctaves)).rounded()))
    }
}
