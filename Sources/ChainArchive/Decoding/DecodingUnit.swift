/// What is decoded in one go: a bundle with all its roles, a pack, or tensors that stand alone.
package enum DecodingUnit: Sendable, Hashable {
    case bundle(Int)
    case pack(Int)
    case tensors([Int])
}
