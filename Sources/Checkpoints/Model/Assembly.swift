package import TensorFiles

/// The tensors of a step that lie in pieces.
package struct Assembly: Sendable {
    /// Reads as a file with the whole tensors, one storage each.
    package let file: TensorFile
    /// In the order of the file's tensors.
    package let tensors: [LogicalTensor]
    /// Where files of the step have whole torch files in them, one behind the other, those that pieces lie in: disjoint,
    /// ascending, by index of the file.
    package let containers: [Int: [Range<UInt64>]]
}
