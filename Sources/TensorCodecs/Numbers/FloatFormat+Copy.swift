extension FloatFormat {
    /// The same values in this format: each rounded to float32 and then to this format, to nearest even. Bytes that are of
    /// this format already stay as they are.
    package func rounding(_ bytes: [UInt8], of format: FloatFormat) -> [UInt8] {
        format == self ? bytes : self.bytes(format.floats(bytes))
    }
}
