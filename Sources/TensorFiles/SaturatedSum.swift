extension UInt64 {
    /// The sum, or the largest value where there is none: for figures from manifests, which a forger may have written.
    package func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
