import TensorFiles

/// A tensor of a state dict under its final name.
struct Weight {
    var name: String
    /// The name inside its state dict.
    var ownName: String
    var tensorIndex: TensorIndex
    var tensor: StoredTensor
    /// Index of its state dict.
    var dictionary: Int
    /// Index of the first weight on the same storage; its own where it shares none.
    var original: Int
    /// The dict's file kept the model's order (torch), or not (safetensors).
    var isOrdered: Bool
    /// Its name or type says that no optimizer handles it.
    var isBuffer: Bool
    var shape: [Int] { tensor.shape }
}
