import ChainArchive
import TensorCodecs
public import TensorFiles

extension Archive {
    /// What is known of a tensor of a step without decoding it.
    public struct TensorInfo: Sendable, Hashable {
        /// The name of its parameter. A tensor without a parameter has the name that it has in its file.
        public var name: String
        /// What it is for its parameter.
        public var role: TensorRole
        /// The optimizer's key for it, such as `exp_avg`. It is empty for weights.
        public var key: String
        /// The type of its elements.
        public var dtype: DType
        /// The number of elements along each axis. It is empty for a scalar.
        public var shape: [Int]
        /// The path of its file in the run.
        public var file: String
        /// Whether a restore gives back every bit of it.
        public var isExact: Bool

        /// The number of elements.
        public var elementCount: Int { shape.reduce(1, *) }

        init(_ record: TensorRecord, of manifest: StepManifest) {
            name = record.name
            role = TensorRole(record.identity.playedRole)
            key = record.key
            dtype = record.dtype
            shape = record.shape
            file = manifest.entries[record.entry].path
            isExact = record.coding.isExact
        }
    }

    /// A restored tensor.
    public struct Tensor: Sendable {
        /// Name, role, type and shape.
        public var info: TensorInfo
        /// The elements as they stand in the checkpoint's file: little-endian, in row-major order, without gaps.
        public var bytes: [UInt8]

        /// The name of its parameter, or its own if it has no parameter.
        public var name: String { info.name }
        /// The type of its elements.
        public var dtype: DType { info.dtype }
        /// The number of elements along each axis.
        public var shape: [Int] { info.shape }

        /// The elements as numbers, in row-major order; `nil` if the type is none of F16, BF16, F32 and F64. Elements
        /// of type F64 are rounded.
        public var floats: [Float]? {
            dtype.floatFormat.map { format in bytes.withUnsafeBytes { format.floats($0) } }
        }
    }
}
