/// The error of every function here.
@_exported public import struct TensorFiles.VarveError
