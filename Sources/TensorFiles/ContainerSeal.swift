/// Restores a container's own checksums after tensor bytes in it were replaced.
package enum ContainerSeal {
    /// Redoes what `torch.save` derives from tensor bytes: the CRC-32 of each changed record (data descriptor and
    /// central directory), digits 20...39 of the serialization id and that record's own CRC.
    ///
    /// Values that the original writer had switched off (all CRCs zero; an id that does not follow from the stored
    /// CRCs) are left as they are. A container without checksums needs nothing.
    /// - Parameters:
    ///   - file: the rebuilt file, all of it written; corrected in place.
    ///   - changed: byte ranges whose bytes differ from the original's.
    package static func reseal(_ file: OutputFile, changed: [Range<UInt64>]) throws(VarveError) {
        throw VarveError(.unsupported, "not written yet")
    }
}
