import ArgumentParser

/// `10%`, or `0.1`.
struct Share: ExpressibleByArgument, Sendable {
    /// Above 0, to 1.
    let value: Double

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? argument.dropLast() : argument[...]) else { return nil }
        value = isPercent ? number / 100 : number
        guard value > 0, value <= 1 else { return nil }
    }
}
