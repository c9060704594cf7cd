import TensorCodecs

/// The first 16 bytes of a part: magic `VRVp`, major and minor version (u16), number of the step (u64).
package enum PartHeader {
    package static let size = 16
    /// Stands for the step in the part of the run's own files.
    package static let run = UInt64.max

    package static func bytes(number: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: ManifestFile.Kind.part.rawValue.utf8)
        writer.append(littleEndian: ManifestFile.majorVersion(.part))
        writer.append(littleEndian: ManifestFile.minorVersion)
        writer.append(littleEndian: number)
        return writer.bytes
    }
}
