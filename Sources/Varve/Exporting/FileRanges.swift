import ChainArchive
import Checkpoints
import TensorFiles

/// Which bytes of a step's files belong to what, for looking up what some bytes belong to.
struct FileRanges<Value: Sendable>: Sendable {
    /// By file, ascending and disjoint.
    private var ranges: [[(range: Range<UInt64>, value: Value)]]

    /// - Parameter ranges: those of a file disjoint, in any order.
    init(_ ranges: [[(range: Range<UInt64>, value: Value)]]) {
        self.ranges = ranges.map { file in
            file.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        }
    }

    /// What has some of the bytes, in the order of the file.
    func overlapping(_ range: Range<UInt64>, file: Int) -> [(range: Range<UInt64>, value: Value)] {
        let all = ranges[file]
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].range.upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return Array(all[low...].prefix { $0.range.lowerBound < range.upperBound })
    }
}

extension FileRanges where Value == Int {
    /// The records of a step, by entry.
    init(recordsOf manifest: StepManifest) {
        self.init(manifest.tensorRanges.map { ranges in ranges.map { ($0.range, $0.tensor) } })
    }
}

extension FileRanges where Value == Void {
    /// Bytes that are taken, by file, in any order and several times as well.
    init(taken: [[Range<UInt64>]]) {
        self.init(
            taken.map { file in
                var merged: [(range: Range<UInt64>, value: Void)] = []
                for range in file.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                    if let last = merged.last?.range, range.lowerBound <= last.upperBound {
                        merged[merged.count - 1].range =
                            last.lowerBound..<max(last.upperBound, range.upperBound)
                    } else {
                        merged.append((range, ()))
                    }
                }
                return merged
            })
    }
}

extension StepContents {
    /// The bytes of the step's files that a tensor's elements lie in; of one with gaps or repeats those of its storage.
    /// - Parameter withReplicas: whether further pieces with the same elements count as well.
    func fileRanges(
        _ index: TensorIndex, withReplicas: Bool = false
    ) -> [(file: Int, range: Range<UInt64>)] {
        if files.indices.contains(index.file) {
            guard let (file, tensor) = tensor(index) else { return [] }
            if let range = file.byteRange(of: tensor) { return [(index.file, range)] }
            let storage = file.storages[tensor.storage]
            return [(index.file, storage.fileOffset..<storage.fileOffset + storage.byteCount)]
        }
        guard let assembly, assembly.tensors.indices.contains(index.tensor) else { return [] }
        let layout = assembly.tensors[index.tensor].layout
        return (withReplicas ? layout.all : layout.pieces).map { ($0.file, layout.range($0)) }
    }
}
