import VarveTestSupport

/// A distributed checkpoint put together by hand: metadata as plain dicts, slices as torch makes them.
struct SmallDCP {
    struct Chunk {
        var name: String
        var shape: [Int]
        var offsets: [Int]
        var sizes: [Int]
        var file: String
        var values: [Float]
        /// What is wrong in the metadata.
        var offsetError = 0
        var lengthError = 0
    }

    var chunks: [Chunk] = []

    mutating func add(
        _ name: String, _ shape: [Int], at offsets: [Int], _ sizes: [Int], in file: String, _ values: [Float]
    ) {
        chunks.append(Chunk(name: name, shape: shape, offsets: offsets, sizes: sizes, file: file, values: values))
    }

    private func slice(_ chunk: Chunk) -> [UInt8] {
        TorchMaker.zip([TestTensor("", shape: chunk.sizes, floats: chunk.values)])
    }

    /// Bytes of a chunk's slice.
    func lengthOfSlice(_ index: Int) -> Int { slice(chunks[index]).count }

    /// The files by name.
    func files() -> [(name: String, bytes: [UInt8])] {
        var contents: [String: [UInt8]] = [:]
        var slices: [(Chunk, offset: Int, length: Int)] = []
        for chunk in chunks {
            let slice = slice(chunk)
            slices.append((chunk, contents[chunk.file]?.count ?? 0, slice.count))
            contents[chunk.file, default: []] += slice
        }
        return [(".metadata", metadata(slices))] + contents.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func metadata(_ slices: [(Chunk, offset: Int, length: Int)]) -> [UInt8] {
        var order: [String] = []
        for chunk in chunks where !order.contains(chunk.name) { order.append(chunk.name) }
        var writer = PickleWriter()
        writer.dict([("state_dict_metadata", true), ("storage_data", false)]) { writer, isTensors in
            if isTensors {
                writer.dict(order.map { name in (name, chunks.filter { $0.name == name }) }) { writer, chunks in
                    writer.dict([("properties", 0), ("size", 1), ("chunks", 2)]) { writer, field in
                        switch field {
                        case 0: writer.dict([("dtype", 0)]) { writer, _ in writer.global("torch", "float32") }
                        case 1: writer.tuple(chunks[0].shape)
                        default:
                            writer.opcode(0x5D)
                            writer.mark()
                            for chunk in chunks {
                                writer.dict([("offsets", chunk.offsets), ("sizes", chunk.sizes)]) { $0.tuple($1) }
                            }
                            writer.opcode(0x65)
                        }
                    }
                }
            } else {
                writer.opcode(0x7D)
                writer.mark()
                for (chunk, offset, length) in slices {
                    writer.dict([("fqn", true), ("offset", false)]) { writer, isName in
                        if isName { writer.string(chunk.name) } else { writer.tuple(chunk.offsets) }
                    }
                    writer.dict([("relative_path", 0), ("offset", 1), ("length", 2)]) { writer, field in
                        switch field {
                        case 0: writer.string(chunk.file)
                        case 1: writer.int(offset + chunk.offsetError)
                        default: writer.int(length + chunk.lengthError)
                        }
                    }
                }
                writer.opcode(0x75)
            }
        }
        return writer.finished()
    }
}
