import FileSystem
import TensorFiles
import VarveTestSupport

@testable import Checkpoints

extension ExpectedRun {
    /// What differs between a step as read and as expected; empty where nothing does.
    static func differences(_ contents: StepContents, _ expected: Step) throws -> [String] {
        var differences: [String] = []
        var byName: [String: Parameter] = [:]
        for parameter in contents.parameters {
            if byName.updateValue(parameter, forKey: parameter.name) != nil {
                differences.append("\(parameter.name) twice")
            }
        }
        for row in expected.parameters {
            guard let parameter = byName.removeValue(forKey: row.name) else {
                differences.append("\(row.name) is missing")
                continue
            }
            differences += try compare(contents, parameter.weight, row.weight, row.shape, "\(row.name) weight")
            differences += try compare(
                contents, parameter.firstMoment, row.firstMoment, nil, "\(row.name) first moment \(parameter.pairing)")
            differences += try compare(
                contents, parameter.secondMoment, row.secondMoment, nil,
                "\(row.name) second moment \(parameter.pairing)")
            if parameter.isBuffer != (row.buffer ?? false) {
                differences.append("\(row.name): isBuffer is \(parameter.isBuffer)")
            }
            let keys = Set(parameter.other.map { String($0.key.prefix { $0 != "." }) })
            if keys != Set((row.other ?? [:]).keys) { differences.append("\(row.name): other is \(keys.sorted())") }
            for value in parameter.other {
                guard case .tensor(let tensorIndex) = value.content, let wanted = row.other?[value.key] else {
                    continue
                }
                differences += try compare(contents, tensorIndex, wanted, nil, "\(row.name) \(value.key)")
            }
        }
        for name in byName.keys.sorted() { differences.append("\(name) is not expected") }
        return differences
    }

    private static func compare(
        _ contents: StepContents, _ tensorIndex: TensorIndex?, _ wanted: Tensor?, _ shape: [Int]?, _ what: String
    ) throws -> [String] {
        guard let wanted, let sha256 = wanted.sha256 else {
            return tensorIndex == nil ? [] : ["\(what) is not expected"]
        }
        guard let tensorIndex, let (file, tensor) = contents.tensor(tensorIndex) else { return ["\(what) is missing"] }
        var differences: [String] = []
        if let dtype = wanted.dtype, tensor.dtype.rawValue != dtype {
            differences.append("\(what): dtype \(tensor.dtype)")
        }
        if let shape = wanted.shape ?? shape, tensor.shape != shape {
            differences.append("\(what): shape \(tensor.shape)")
        }
        if try hash(tensor, file) != sha256 { differences.append("\(what): other values") }
        return differences
    }

    /// SHA-256 of the contiguous little-endian bytes.
    static func hash(_ tensor: StoredTensor, _ file: TensorFile) throws -> String {
        let storage = file.storages[tensor.storage]
        let size = tensor.dtype.bits / 8
        var bytes: [UInt8] = []
        if tensor.isContiguous {
            bytes = try file.source.bytes(
                at: storage.fileOffset + UInt64(tensor.elementOffset * size), count: tensor.byteCount)
        } else {
            let all = try file.source.bytes(at: storage.fileOffset, count: Int(storage.byteCount))
            for index in 0..<tensor.count {
                var (rest, position) = (index, tensor.elementOffset)
                for (count, stride) in zip(tensor.shape, tensor.strides).reversed() {
                    position += rest % count * stride
                    rest /= count
                }
                bytes += all[position * size..<(position + 1) * size]
            }
        }
        return SHA256.hash(bytes)
    }
}
