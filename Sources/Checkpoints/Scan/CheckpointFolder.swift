import FileSystem
import TensorFiles

/// A folder of a checkpoint as the rules of completeness see it: its names, and what its pickles say.
struct CheckpointFolder {
    /// Relative to the run.
    let path: String
    /// Files and links directly in it.
    let files: [String]
    /// Folders directly in it.
    let folders: [String]
    private let scan: RunScan

    init(_ path: String, in scan: RunScan) {
        self.path = path
        self.scan = scan
        let children = scan.children(path)
        files = children.filter { $0.identity.kind != .directory }.map { Paths.split($0.path).name }
        folders = children.filter { $0.identity.kind == .directory }.map { Paths.split($0.path).name }
    }

    var name: String { path.isEmpty ? Paths.split(scan.root).name : Paths.split(path).name }

    func has(_ file: String) -> Bool { files.contains(file) }

    /// Whether a name is that of a file, or of a link to one outside of the run.
    func isRegular(_ file: String) -> Bool { scan.entry(Paths.join(path, file))?.identity.kind == .regular }

    func folder(_ name: String) -> CheckpointFolder { CheckpointFolder(Paths.join(path, name), in: scan) }

    /// Where a file lies, for messages and for reading.
    func absolute(_ file: String) -> String { scan.absolute(Paths.join(path, file)) }

    /// Bytes of a file, links followed; `nil` where there is none.
    func byteCount(_ file: String) -> UInt64? { (try? InputFile(absolute(file)))?.byteCount }

    /// The object that a torch file holds; `nil` where it is none or cannot be read.
    func torchTree(_ file: String) -> PickleTree? {
        guard let source = try? InputFile(absolute(file)) else { return nil }
        return (try? TensorFile.open(source))?.tree
    }

    /// The words of a small text file; `nil` where it cannot be read.
    func text(_ file: String) -> String? {
        guard let source = try? InputFile(absolute(file)), source.byteCount < 4096,
            let bytes = try? source.bytes(at: 0, count: Int(source.byteCount))
        else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// What a rule reports: a file that is missing or too short.
    func incomplete(_ reason: String, _ file: String) -> VarveError {
        VarveError(.incomplete, reason, file: absolute(file))
    }
}
