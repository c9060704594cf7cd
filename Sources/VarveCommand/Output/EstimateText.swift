import Varve

/// An estimate for people.
struct EstimateText {
    let estimate: Estimate
    /// `nil` for whatever the tables need.
    let width: Int?

    var lines: [String] {
        var lines = understanding
        if estimate.steps.count > 0 { lines += [""] + steps + [""] }
        return lines + conclusion
    }

    // MARK: What was found

    private var understanding: [String] {
        guard let layout = estimate.layout else { return [] }
        let directory = Self.commonDirectory(estimate.files.map(\.path))
        var table = TextTable([
            .init(title: "file", alignment: .left), .init(title: "read as", alignment: .left, expendable: 2),
            .init(title: "tensors", alignment: .left, expendable: 1), .init(title: "bytes", alignment: .right),
            .init(title: "stored", alignment: .left),
        ])
        for file in estimate.files {
            table.add([
                String(file.path.dropFirst(directory.count)), file.reader, file.contents,
                Units.bytes(file.bytes), file.storage,
            ])
        }
        let location = directory.isEmpty ? "" : " in \(directory)"
        return [
            "layout: \(layout); \(Units.count(estimate.parameters, "parameter")), \(Units.grouped(estimate.values)) values",
            "\(Units.count(estimate.files.count, "file")) of a step\(location):",
        ] + table.lines(width: width)
    }

    /// The directory that all paths lie in, with its slash.
    private static func commonDirectory(_ paths: [String]) -> String {
        guard let first = paths.first, let end = first.firstIndex(of: "/") else { return "" }
        let directory = String(first[...end])
        return paths.allSatisfy { $0.hasPrefix(directory) } ? directory : ""
    }

    // MARK: What it would become

    private var steps: [String] {
        var table = TextTable([
            .init(title: "checkpoint", alignment: .left), .init(title: "step", alignment: .right),
            .init(title: "kind", alignment: .left, expendable: 1), .init(title: "original", alignment: .right),
            .init(title: "about", alignment: .right),
        ])
        for step in estimate.steps {
            table.add([
                step.checkpoint.isEmpty ? "." : step.checkpoint, "\(step.step)", step.keyframe ? "keyframe" : "change",
                Units.bytes(step.originalBytes), Units.bytes(step.storedBytes),
            ])
        }
        return table.lines(width: width)
    }

    private var conclusion: [String] {
        var counts = ["\(Units.count(estimate.steps.count, "step")) to add"]
        let present = estimate.present.count - estimate.forgotten.count
        if present > 0 { counts.append("\(present) already there") }
        if !estimate.forgotten.isEmpty { counts.append("\(estimate.forgotten.count) forgotten before") }
        if !estimate.skipped.isEmpty { counts.append("\(estimate.skipped.count) skipped") }
        var lines: [String] = []
        if !estimate.sample.steps.isEmpty {
            lines.append(
                "estimated from \(Units.bytes(estimate.sample.bytes)) of "
                    + "\(Units.count(estimate.sample.steps.count, "step")), encoded in memory in "
                    + Units.seconds(estimate.sample.seconds))
        }
        lines.append(counts.joined(separator: "; "))
        if !estimate.steps.isEmpty {
            lines[lines.count - 1] +=
                ", \(Units.bytes(estimate.originalBytes)) -> about "
                + "\(Units.bytes(estimate.storedBytes)), \(Units.ratio(estimate.ratio)), in about "
                + Units.seconds(estimate.seconds)
            lines.append(room)
        }
        return lines + ["nothing was written"]
    }
}

extension EstimateText {
    /// What is needed besides the archive.
    fileprivate var room: String {
        var text = "needs about \(Units.bytes(estimate.scratchBytes)) more beside the archive while it works"
        if let state = estimate.stateBytes {
            text += "; --state takes about \(Units.bytes(state)), and as much again while it is replaced"
        }
        return text
    }
}

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
