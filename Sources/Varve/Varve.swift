/// The error of every function here.
@_exported public import struct FileSystem.VarveError
/// The type of a tensor's elements.
@_exported public import enum TensorFiles.DType
/// How long to wait for an archive.
@_exported public import struct ChainArchive.LockWait

/// This release of Varve.
public enum VarveRelease {
    /// Semantic version of library and command.
    public static let version = "0.1.0"
}
