import Glibc
import Synchronization
package import FileSystem

/// Writes down everything that changes the disk below a directory, with its data, in order: what a loss of power may
/// take away again. For work of one thread; see `SystemCalls.install`.
package final class RecordedCalls: SystemCalls.FaultInjector {
    /// One change. Files that are open are told by a number that no other file of the recording has: names change.
    package enum Change: Sendable {
        /// Opened for writing; `isEmptied` with O_TRUNC.
        case open(file: Int, path: String, mayCreate: Bool, isEmptied: Bool)
        case write(file: Int, offset: UInt64, bytes: [UInt8])
        case resize(file: Int, byteCount: UInt64)
        /// fsync of a file, or of a directory.
        case sync(file: Int)
        case rename(from: String, to: String)
        case unlink(path: String)
        case makeDirectory(path: String)
        case removeDirectory(path: String)
        case link(existing: String, path: String)
        case symbolicLink(target: String, path: String)
        /// Not a call: what the program has told its user by now.
        case told(String)
    }

    private struct State {
        var changes: [Change] = []
        var open: [Int32: Int] = [:]
        var files = 0
    }

    private let root: String
    private let state = Mutex(State())

    /// - Parameter root: only what lies in this directory is written down; the path ends without a slash.
    package init(under root: String) { self.root = root }

    package var changes: [Change] { state.withLock { $0.changes } }

    /// Notes that the program has said something, a promise that has to hold from here on.
    package func tell(_ text: String) { state.withLock { $0.changes.append(.told(text)) } }

    package func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? { nil }

    package func performed(_ call: SystemCalls.Name, path: String, _ effect: SystemCalls.Effect) {
        guard path == root || path.hasPrefix(root + "/") else { return }
        state.withLock { state in
            switch effect {
            case .opened(let descriptor, let flags, _):
                // What never had a name is gone with the power, whatever was written to it. The descriptor may be that of
                // a file which another test's work closed: the pool of those that are open is one for the process.
                guard flags & SystemCalls.nameless != SystemCalls.nameless else {
                    state.open[descriptor] = nil
                    return
                }
                state.files += 1
                state.open[descriptor] = state.files
                // Files that are only read are kept too: a directory is flushed through a descriptor for reading.
                state.changes.append(
                    .open(
                        file: state.files, path: path, mayCreate: flags & O_CREAT != 0, isEmptied: flags & O_TRUNC != 0)
                )
            case .written(let descriptor, let offset, let bytes):
                guard let file = state.open[descriptor] else { return }
                state.changes.append(.write(file: file, offset: offset, bytes: Array(bytes)))
            case .resized(let descriptor, let byteCount):
                guard let file = state.open[descriptor] else { return }
                state.changes.append(.resize(file: file, byteCount: byteCount))
            case .synced(let descriptor):
                guard let file = state.open[descriptor] else { return }
                state.changes.append(.sync(file: file))
            case .closed(let descriptor): state.open[descriptor] = nil
            case .renamed(let from): state.changes.append(.rename(from: from, to: path))
            case .linked(let existing): state.changes.append(.link(existing: existing, path: path))
            case .linkedSymbolically(let target): state.changes.append(.symbolicLink(target: target, path: path))
            case .plain:
                switch call {
                case .unlink: state.changes.append(.unlink(path: path))
                case .makeDirectory: state.changes.append(.makeDirectory(path: path))
                case .removeDirectory: state.changes.append(.removeDirectory(path: path))
                default: break
                }
            }
        }
    }
}
