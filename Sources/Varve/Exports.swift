/// The error of every function here.
@_exported public import struct FileSystem.VarveError
/// How long to wait for an archive.
@_exported public import struct ChainArchive.LockWait
