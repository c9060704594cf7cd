/// A dict of tensors by name, as found in a file: a model's weights, or those of one of several models.
struct StateDict {
    struct Entry {
        /// The key in the dict, the file's own spelling.
        var name: String
        var tensorIndex: TensorIndex
    }
    /// Keys from the root of the file to the dict; empty where the file itself is the dict.
    var path: [String]
    /// Index of the (first) file.
    var file: Int
    /// In file order.
    var entries: [Entry]
}
