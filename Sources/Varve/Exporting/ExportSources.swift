import ChainArchive
import Checkpoints
import TensorFiles

/// Where the bytes of exported tensors come from.
///
/// A tensor that lies whole in one record is written as soon as that is decoded. Others are gathered from the step's files
/// when everything is decoded: small ones and counters that no record holds, parts of others, views with gaps. What they
/// need of records is put into those files before.
struct ExportSources: Sendable {
    /// Of a record: the tensors that lie whole in it, from which of its bytes on.
    private(set) var whole: [Int: [(tensor: Int, offset: Int)]] = [:]
    /// Records that are put into the step's files.
    private(set) var inFiles = Set<Int>()
    /// Tensors that are gathered from the step's files, and numbers.
    private(set) var gathered: [Int] = []

    init(
        _ tensors: [ExportedTensor], _ contents: StepContents, _ manifest: StepManifest, _ records: FileRanges<Int>,
        entryOfFile: [Int]
    ) {
        for (tensor, exported) in tensors.enumerated() where exported.byteCount > 0 {
            guard case .stored(let index, _) = exported.source else {
                gathered.append(tensor)
                continue
            }
            var found: [(range: Range<UInt64>, value: Int)] = []
            let ranges = contents.fileRanges(index)
            for (file, range) in ranges { found += records.overlapping(range, file: entryOfFile[file]) }
            if let first = found.first,
                contents.pieces(of: index)?.numbered({ entryOfFile[$0] }).pieces
                    == manifest.tensors[first.value].pieces.pieces
            {
                whole[first.value, default: []].append((tensor, 0))
            } else if let only = found.first, found.count == 1, ranges.count == 1, contents.isInOneRun(index),
                only.range.lowerBound <= ranges[0].range.lowerBound,
                only.range.upperBound >= ranges[0].range.upperBound
            {
                let offset = Int(ranges[0].range.lowerBound - only.range.lowerBound)
                whole[only.value, default: []].append((tensor, offset))
            } else {
                inFiles.formUnion(found.map(\.value))
                gathered.append(tensor)
            }
        }
    }

    /// Lets tensors be gathered that could be written as soon as their record is decoded.
    mutating func gather(where isGathered: (Int) -> Bool) {
        for (record, members) in whole {
            let moved = members.filter { isGathered($0.tensor) }
            guard !moved.isEmpty else { continue }
            let others = members.filter { !isGathered($0.tensor) }
            whole[record] = others.isEmpty ? nil : others
            inFiles.insert(record)
            gathered += moved.map(\.tensor)
        }
        gathered.sort()
    }

    /// Records that have to be decoded.
    var records: Set<Int> { inFiles.union(whole.keys) }
}

extension StepContents {
    /// Whether a tensor's elements are one run of a file without gaps, in whatever order of dimensions.
    fileprivate func isInOneRun(_ index: TensorIndex) -> Bool {
        guard files.indices.contains(index.file), let (file, tensor) = tensor(index) else { return false }
        return file.byteRange(of: tensor) != nil
    }
}
