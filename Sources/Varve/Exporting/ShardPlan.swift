/// How tensors are laid out in safetensors files: which file, where in it, with which header.
///
/// It follows from the tensors alone, so it is known before any of them is decoded. Names are those of the Hugging Face
/// libraries: `model.safetensors`, or `model-00001-of-00003.safetensors` and a list.
struct ShardPlan {
    struct Shard {
        var name: String
        /// The length of the JSON, and the JSON.
        var header: [UInt8]
        /// Bytes of the file.
        var byteCount: UInt64
    }

    private(set) var shards: [Shard] = []
    /// Of each tensor: its shard, and its first byte in the file.
    private(set) var places: [(shard: Int, offset: UInt64)]
    /// The list of the shards; `nil` where there is but one.
    private(set) var list: (name: String, bytes: [UInt8])?

    private static let suffix = ".safetensors", listSuffix = ".safetensors.index.json"

    /// - Parameters:
    ///   - stem: what the files' names begin with.
    ///   - shardBytes: the most bytes that the tensors of a file have together. A larger tensor has a file of its own.
    init(_ tensors: [ExportedTensor], stem: String, shardBytes: UInt64) {
        places = [(shard: Int, offset: UInt64)](repeating: (0, 0), count: tensors.count)
        let members = Self.members(tensors, shardBytes)
        for (number, own) in members.enumerated() {
            let numbers = "-\(Self.padded(number + 1))-of-\(Self.padded(members.count))"
            add(own, of: tensors, name: stem + (members.count == 1 ? "" : numbers) + Self.suffix)
        }
        if members.count > 1 { list = (stem + Self.listSuffix, Self.list(tensors, shards, places)) }
    }

    /// Names of the files, the list among them.
    var names: [String] { shards.map(\.name) + [list?.name].compactMap { $0 } }

    /// Whether a name is one that files of this stem can have, in whatever number they are.
    static func isName(_ name: String, stem: String) -> Bool {
        if name == stem + suffix || name == stem + listSuffix { return true }
        guard name.hasPrefix(stem + "-"), name.hasSuffix(suffix) else { return false }
        let numbers = name.dropFirst(stem.count + 1).dropLast(suffix.count).split(separator: "-")
        return numbers.count == 3 && numbers[1] == "of" && Int(numbers[0]) != nil && Int(numbers[2]) != nil
    }

    /// The tensors of each file: as many of them, in their order, as fit.
    private static func members(_ tensors: [ExportedTensor], _ shardBytes: UInt64) -> [[Int]] {
        var result: [[Int]] = [], taken: UInt64 = 0
        for (index, tensor) in tensors.enumerated() {
            let size = UInt64(tensor.byteCount)
            if result.isEmpty || taken > shardBytes || size > shardBytes - taken && taken > 0 {
                result.append([])
                taken = 0
            }
            result[result.count - 1].append(index)
            taken += size
        }
        return result
    }

    private mutating func add(_ members: [Int], of tensors: [ExportedTensor], name: String) {
        // The widest types first: every tensor then begins at a multiple of its elements' size, as readers that map the file
        // want it.
        let order = members.sorted { (-tensors[$0].dtype.bits, $0) < (-tensors[$1].dtype.bits, $1) }
        let header = Self.header(order.map { tensors[$0] })
        var end = header.count
        for index in order {
            places[index] = (shards.count, UInt64(end))
            end += tensors[index].byteCount
        }
        shards.append(Shard(name: name, header: header, byteCount: UInt64(end)))
    }

    /// The beginning of a file that has these tensors in this order: the length of the JSON, and the JSON.
    static func header(_ tensors: [ExportedTensor]) -> [UInt8] {
        var fields = ["\"__metadata__\":{\"format\":\"pt\"}"], end = 0
        for tensor in tensors {
            let begin = end
            end += tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            fields.append(
                "\(JSONText.quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(begin),\(end)]}")
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
        let length = UInt64(json.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + json
    }

    private static func list(
        _ tensors: [ExportedTensor], _ shards: [Shard], _ places: [(shard: Int, offset: UInt64)]
    ) -> [UInt8] {
        let total = tensors.reduce(UInt64(0)) { $0 + UInt64($1.byteCount) }
        let order = tensors.indices.sorted { tensors[$0].name.utf8.lexicographicallyPrecedes(tensors[$1].name.utf8) }
        let lines = order.map {
            "    \(JSONText.quoted(tensors[$0].name)): \(JSONText.quoted(shards[places[$0].shard].name))"
        }
        let text =
            "{\n  \"metadata\": {\n    \"total_size\": \(total)\n  },\n  \"weight_map\": {\n"
            + lines.joined(separator: ",\n") + "\n  }\n}\n"
        return Array(text.utf8)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}

/// Texts in JSON.
private enum JSONText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
