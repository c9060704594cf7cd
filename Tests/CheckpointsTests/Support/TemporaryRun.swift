import Foundation
import FileSystem
import TensorFiles

@testable import Checkpoints

/// A run's directory made for one test, removed with it.
final class TemporaryRun {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("varve-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, directories included.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let full = Paths.join(path, name)
        try Directories.create(Paths.split(full).directory)
        try Data(bytes).write(to: URL(fileURLWithPath: full))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func link(_ name: String, to target: String) throws {
        let full = Paths.join(path, name)
        try Directories.create(Paths.split(full).directory)
        try SystemCalls.symbolicLink(target: target, at: full)
    }

    func discover() throws -> Run { try Run.discover(path) }
}

/// A safetensors file put together by hand.
enum SmallSafetensors {
    static func bytes(_ tensors: [(name: String, values: [Float])], metadata: [String: String] = [:]) -> [UInt8] {
        var entries: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
            entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var data: [UInt8] = []
        for tensor in tensors {
            let start = data.count
            for value in tensor.values {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            }
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":[\(tensor.values.count)],"
                    + "\"data_offsets\":[\(start),\(data.count)]}"
            )
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
    }

    /// One weight of four values that depend on `seed`.
    static func weights(_ seed: Float, metadata: [String: String] = [:]) -> [UInt8] {
        bytes([("w", [seed, seed + 0.5, -seed, 2 * seed])], metadata: metadata)
    }
}
