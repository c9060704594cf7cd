/// Makes torch files in memory, laid out as torch 2 does. Byte for byte equal to torch's own but for the pickle's
/// opcodes and the first half of the serialization id.
public enum TorchMaker {
    /// The class whose elements a dtype has.
    public static func storageClass(_ dtype: String) -> String {
        switch dtype {
        case "F32": "FloatStorage"
        case "F64": "DoubleStorage"
        case "F16": "HalfStorage"
        case "BF16": "BFloat16Storage"
        case "I64": "LongStorage"
        case "I32": "IntStorage"
        case "I16": "ShortStorage"
        case "I8": "CharStorage"
        case "U8": "ByteStorage"
        case "BOOL": "BoolStorage"
        case "C64": "ComplexFloatStorage"
        default: "ComplexDoubleStorage"
        }
    }

    /// A pickle of a flat dict of tensors; the n-th one has storage n.
    public static func pickle(_ tensors: [TestTensor], keys: [String]? = nil, isLegacy: Bool = false) -> [UInt8] {
        var writer = PickleWriter()
        writer.dict(Array(tensors.enumerated()).map { ($0.element.name, $0) }) { writer, item in
            let (index, tensor) = item
            writer.tensor(
                storage: keys?[index] ?? String(index), storageClass: storageClass(tensor.dtype),
                count: tensor.shape.reduce(1, *), shape: tensor.shape, isLegacy: isLegacy)
        }
        return writer.finished()
    }

    /// A zip file as of `torch.save`.
    public static func zip(_ tensors: [TestTensor], archive: String = "archive", withCRC: Bool = true) -> [UInt8] {
        zip(
            pickle: pickle(tensors), storages: tensors.enumerated().map { (String($0.offset), $0.element.bytes) },
            archive: archive, withCRC: withCRC)
    }

    /// A zip file with this `data.pkl` and these storages.
    public static func zip(
        pickle: [UInt8], storages: [(key: String, bytes: [UInt8])], archive: String = "archive",
        byteOrder: String = "little", withCRC: Bool = true
    ) -> [UInt8] {
        var writer = ZipWriter(withCRC: withCRC)
        writer.add("\(archive)/data.pkl", pickle)
        writer.add("\(archive)/.format_version", Array("1".utf8))
        writer.add("\(archive)/.storage_alignment", Array("64".utf8))
        writer.add("\(archive)/byteorder", Array(byteOrder.utf8))
        for (key, bytes) in storages { writer.add("\(archive)/data/\(key)", bytes) }
        writer.add("\(archive)/version", Array("3\n".utf8))
        let combined = writer.combinedCRC
        writer.add(
            "\(archive)/.data/serialization_id",
            Array(
                (String(repeating: "1", count: 20) + String(repeating: "0", count: 20 - String(combined).count)
                    + String(combined)).utf8))
        return writer.finished()
    }

    /// A file of the format before 1.6.
    public static func legacy(_ tensors: [TestTensor]) -> [UInt8] {
        let keys = tensors.indices.map { "9400\($0)" }
        var file: [UInt8] = [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        file += [0x80, 2, 0x4D, 0xE9, 3, 0x2E]
        var system = PickleWriter()
        system.opcode(0x7D)
        system.string("little_endian")
        system.opcode(0x88, 0x73)
        file += system.finished()
        file += pickle(tensors, keys: keys, isLegacy: true)
        var list = PickleWriter()
        list.opcode(0x5D)
        list.mark()
        for key in keys { list.string(key) }
        list.opcode(0x65)
        file += list.finished()
        for tensor in tensors { file += LittleEndianBytes.of(Int64(tensor.shape.reduce(1, *))) + tensor.bytes }
        return file
    }
}
