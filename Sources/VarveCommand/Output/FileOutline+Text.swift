import Varve

/// A file's outline in words.
extension FileOutline {
    /// How it is read.
    var reader: String {
        switch container {
        case "torchZip": "torch"
        case "torchLegacy": "torch, old"
        case "other": "bytes"
        default: container
        }
    }

    /// `30 weights, 60 moments`.
    var contents: String {
        var parts: [String] = []
        if weights > 0 { parts.append(Units.count(weights, "weight")) }
        let moments = firstMoments + secondMoments
        if moments > 0 { parts.append(Units.count(moments, "moment")) }
        if others > 0 { parts.append("\(others) other") }
        return parts.isEmpty ? "-" : parts.joined(separator: ", ")
    }

    var storage: String {
        guard quantizedBytes > 0, bytes > 0 else { return "exactly" }
        return "\(Units.decimal(Double(quantizedBytes) / Double(bytes) * 100, 0)) % quantized"
    }

    /// `model.safetensors: safetensors, 30 weights, 447 kB, 99 % quantized`.
    var line: String {
        let tensors = contents == "-" ? "" : "\(contents), "
        return "\(path): \(reader), \(tensors)\(Units.bytes(bytes)), \(storage)"
    }
}
