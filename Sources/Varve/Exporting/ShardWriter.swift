import FileSystem

/// The new files while they are written: tensors come in any order, and from several threads.
///
/// They have temporary names until `finish`, and go with the object if it never comes to that.
struct ShardWriter: Sendable {
    private let directory: String
    private let files: [OutputFile]
    /// Of each tensor, those of the first plan first.
    private let places: [(file: Int, offset: UInt64)]
    private let lists: [(name: String, bytes: [UInt8])]

    /// Makes the files, as long as they will be, with their headers.
    init(_ plans: [ShardPlan], in directory: String) throws(VarveError) {
        var files: [OutputFile] = [], places: [(file: Int, offset: UInt64)] = []
        for plan in plans {
            let first = files.count
            for shard in plan.shards {
                let file = try OutputFile(Paths.join(directory, shard.name), byteCount: shard.byteCount)
                try file.write(shard.header, at: 0)
                files.append(file)
            }
            places += plan.places.map { (first + $0.shard, $0.offset) }
        }
        self.directory = directory
        self.files = files
        self.places = places
        lists = plans.compactMap(\.list)
    }

    /// Writes some of a tensor's bytes.
    func write(_ bytes: UnsafeRawBufferPointer, of tensor: Int, at offset: Int) throws(VarveError) {
        let place = places[tensor]
        try files[place.file].write(bytes, at: place.offset + UInt64(offset))
    }

    /// Gives the files their names; the lists come last.
    /// - Parameter modified: their time, in nanoseconds since 1970.
    func finish(modified: Int64) throws(VarveError) {
        for file in files {
            try file.commit(sync: false)
            try SystemCalls.setModificationTime(file.path, nanoseconds: modified)
        }
        for list in lists {
            let file = try OutputFile(Paths.join(directory, list.name), byteCount: UInt64(list.bytes.count))
            try file.write(list.bytes, at: 0)
            try file.commit(sync: false)
            try SystemCalls.setModificationTime(file.path, nanoseconds: modified)
        }
    }
}
