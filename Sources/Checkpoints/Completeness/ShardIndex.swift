import FileSystem
import TensorFiles

/// The index of a sharded model: `model.safetensors.index.json`.
enum ShardIndex {
    /// Shards that are missing, or lack a tensor that the index maps to them.
    static func fault(_ directory: String, _ shape: StepShape, _ scan: RunScan) -> VarveError? {
        let indexes = shape.top.filter { $0.hasSuffix(".index.json") }.sorted()
        for name in indexes {
            if let fault = check(Paths.join(directory, name), directory, scan) { return fault }
        }
        return indexes.isEmpty ? countFault(directory, shape, scan) : nil
    }

    private static func check(_ path: String, _ directory: String, _ scan: RunScan) -> VarveError? {
        let absolute = scan.absolute(path)
        let map: [String: String]
        do throws(VarveError) {
            map = try weightMap(try SmallFile.read(absolute), absolute)
        } catch {
            return VarveError(.malformed, "the index of shards cannot be read", file: absolute, cause: error)
        }
        for shard in Set(map.values).sorted() {
            let shardPath = Paths.join(directory, shard)
            guard Paths.isSafeRelative(shard), let entry = scan.entry(shardPath) else {
                return VarveError(.incomplete, "the shard \(shard) is missing", file: absolute)
            }
            guard entry.identity.kind == .regular else { continue }
            let names: Set<String>
            do throws(VarveError) {
                guard let file = try TensorFile.open(try InputFile(scan.absolute(shardPath))) else { continue }
                names = Set(file.tensors.map(\.name))
            } catch {
                return error
            }
            for (tensor, _) in map.filter({ $0.value == shard }).sorted(by: { $0.key < $1.key })
            where !names.contains(tensor) {
                return VarveError(
                    .incomplete, "the index maps a tensor to this file that is not in it",
                    file: scan.absolute(shardPath), tensor: tensor)
            }
        }
        return nil
    }

    /// The file of each tensor.
    static func weightMap(_ bytes: [UInt8], _ path: String) throws(VarveError) -> [String: String] {
        let map = try JSONScanner.member("weight_map", of: bytes, file: path) { (scanner) throws(VarveError) in
            try scanner.strings()
        }
        guard let map else { throw VarveError(.malformed, "it has no weight_map", file: path) }
        return map
    }

    /// Without an index: `model-00001-of-00003` and its like must all be there.
    private static func countFault(_ directory: String, _ shape: StepShape, _ scan: RunScan) -> VarveError? {
        for name in shape.top.sorted() {
            let tokens = NameToken.split(name)
            guard StepName.hasCheckpointSuffix(name), let of = tokens.firstIndex(where: { $0.text == "of" }), of >= 2,
                of + 2 < tokens.count,
                tokens[of - 2].kind == .digits, tokens[of + 2].kind == .digits, let total = Int(tokens[of + 2].text),
                (1...100_000).contains(total)
            else { continue }
            let present = shape.top.filter {
                let other = NameToken.split($0)
                return other.count == tokens.count
                    && other.indices.allSatisfy { $0 == of - 2 || other[$0] == tokens[$0] }
            }
            if present.count < total {
                return VarveError(
                    .incomplete, "\(present.count) of \(total) shards are there",
                    file: Paths.join(scan.absolute(directory), name))
            }
        }
        return nil
    }
}
