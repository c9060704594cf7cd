/// This release of Varve.
public enum VarveRelease {
    /// Semantic version of library and command.
    public static let version = "0.1.0"
}
