/// What is decoded in one go: a bundle with all its roles, or one tensor.
package enum DecodingUnit: Sendable, Hashable {
    case bundle(Int)
    case tensor(Int)
}
