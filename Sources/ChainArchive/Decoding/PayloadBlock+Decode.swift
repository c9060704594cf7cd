import TensorCodecs
package import FileSystem

extension PayloadBlock {
    /// The plain bytes of a block with a record, compared with their checksum.
    package func decode(
        _ stored: [UInt8], prefix: [UInt8], _ fail: (any Error) -> VarveError
    ) throws(VarveError) -> [UInt8] {
        do throws(CodecError) {
            let plain = try PayloadCodec.decode(stored, count: plainCount, prefix: prefix)
            guard checksum64(plain) == plainChecksum else {
                throw CodecError(.corrupt, "the restored payload is not the original")
            }
            return plain
        } catch {
            throw fail(error)
        }
    }
}
