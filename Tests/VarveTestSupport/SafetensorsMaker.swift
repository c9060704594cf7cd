/// Makes safetensors files in memory.
public enum SafetensorsMaker {
    /// A file with the tensors in the given order, header padded as the reference writer does.
    public static func file(_ tensors: [TestTensor], metadata: [(String, String)] = []) -> [UInt8] {
        var fields: [String] = []
        if !metadata.isEmpty {
            fields.append(
                #""__metadata__":{"# + metadata.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",") + "}")
        }
        var offset = 0
        for tensor in tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let end = offset + tensor.bytes.count
            fields.append(
                #"\#(quoted(tensor.name)):{"dtype":"\#(tensor.dtype)","shape":[\#(shape)],"data_offsets":[\#(offset),\#(end)]}"#
            )
            offset = end
        }
        var header = Array("{\(fields.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
        return file(header: header, data: tensors.flatMap(\.bytes))
    }

    /// Header bytes as they are, right or wrong, and data.
    public static func file(header: [UInt8], data: [UInt8] = [], declaring count: UInt64? = nil) -> [UInt8] {
        LittleEndianBytes.of(count ?? UInt64(header.count)) + header + data
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
