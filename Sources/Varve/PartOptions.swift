/// Which part of every step a process works on, and what it does at the end.
public struct PartOptions: Sendable {
    /// The number of the part, counted from 0.
    public var index: Int
    /// The number of parts.
    public var count: Int
    /// Whether the process makes a step visible when it finds that all parts are there.
    public var commits = true
    /// Seconds to wait for other parts without which this one cannot go on; `.infinity` until they are there. It is 0 where
    /// the others may not have begun.
    public var patience = 0.0

    /// - Parameters:
    ///   - index: the number of the part, counted from 0.
    ///   - count: the number of parts.
    public init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }
}
