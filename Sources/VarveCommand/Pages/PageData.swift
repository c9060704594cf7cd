import Varve

/// The numbers that a page's script draws, as JSON: arrays by field, and each text once.
struct PageData {
    private let report: Report
    private let groups: [StepGroup]
    private let rows: PageRows
    private let tensors: [PageTensor]
    /// The rows of the heat map, where they are others.
    private let cellRows: PageRows
    private let name: String

    /// Rows that the table has room for.
    private static let mostTensors = 25_000

    init(_ report: Report, name: String) {
        self.report = report
        self.name = name
        groups = StepGroup.all(report)
        rows = PageRows(report, most: Self.mostTensors)
        tensors = PageTensor.all(report, rows)
        let room = PageCells.most / max(1, groups.count)
        cellRows = rows.rows.count <= room ? rows : PageRows(report, most: room)
    }

    var json: String {
        var tree = NameTree(), json = PageJSON()
        json.object { json in
            json.key("file")
            json.write(name)
            json.key("columns")
            writeColumns(to: &json)
            json.key("tensors")
            writeTensors(to: &json, &tree)
            json.key("rows")
            writeRows(to: &json, &tree)
            json.key("cells")
            PageCells(groups, cellRows).write(to: &json)
            json.key("rest")
            writeRest(to: &json)
            json.key("total")
            json.write(report.total.storedBytes)
            json.key("names")
            json.object { json in
                json.key("parent")
                json.write(tree.parents)
                json.key("text")
                json.write(tree.texts)
            }
            json.key("strings")
            json.write(tree.strings)
        }
        return json.text
    }

    private func writeColumns(to json: inout PageJSON) {
        json.object { json in
            json.key("first")
            json.write(groups.map(\.first))
            json.key("last")
            json.write(groups.map(\.last))
            json.key("steps")
            json.write(groups.map(\.steps.count))
            json.key("keyframes")
            json.write(groups.map(\.keyframes))
        }
    }

    private func writeTensors(to json: inout PageJSON, _ tree: inout NameTree) {
        var texts: [(field: String, numbers: [Int])] = [
            ("node", tensors.map { tree.node(of: $0.identity.name) }),
            ("role", tensors.map { Self.number($0.identity.role) }),
            ("key", tensors.map { tree.number(of: HTMLText.shortened($0.identity.key, most: 100)) }),
        ]
        texts.append(("dtype", tensors.map { tree.number(of: $0.dtype) }))
        texts.append(("shape", tensors.map { tree.number(of: $0.shape) }))
        texts.append(("coding", tensors.map { tree.number(of: $0.codings.joined(separator: "; ")) }))
        texts.append(("steps", tensors.map(\.steps)))
        json.object { json in
            for (field, numbers) in texts {
                json.key(field)
                json.write(numbers)
            }
            writeSums(to: &json)
        }
    }

    private func writeSums(to json: inout PageJSON) {
        let counts: [(String, KeyPath<PageTensor, UInt64>)] = [
            ("original", \.figures.originalBytes), ("stored", \.figures.storedBytes),
            ("elements", \.figures.elementCount), ("unchanged", \.figures.prunedCount),
            ("keyframeStored", \.keyframes.storedBytes), ("keyframeElements", \.keyframes.elementCount),
        ]
        for (field, path) in counts {
            json.key(field)
            json.write(tensors.lazy.map { $0[keyPath: path] })
        }
        json.key("error")
        json.write(tensors.lazy.map { $0.lossy?.squaredError }, digits: 4)
        json.key("energy")
        json.write(tensors.lazy.map { $0.lossy?.referenceEnergy ?? 0 }, digits: 4)
        json.key("largest")
        json.write(tensors.lazy.map { Optional($0.figures.largestError) }, digits: 3)
    }

    private func writeRows(to json: inout PageJSON, _ tree: inout NameTree) {
        guard cellRows.rows != rows.rows else { return json.null() }
        let nodes = cellRows.rows.map { tree.node(of: $0.name) }
        json.object { json in
            json.key("node")
            json.write(nodes)
            json.key("role")
            json.write(cellRows.rows.map { Self.number($0.role) })
        }
    }

    /// What is on disk and no tensor's.
    private func writeRest(to json: inout PageJSON) {
        let dropped = report.forgotten.values.reduce(0, +) + report.replaced.values.reduce(0, +)
        let payload = report.roles[.payload]?.storedBytes ?? 0
        let inTensors = tensors.reduce(UInt64(0)) { $0 + $1.figures.storedBytes }
        // Moments that were forgotten are in no list of tensors, and stay as long as other steps need them.
        let moments = report.total.storedBytes - min(report.total.storedBytes, inTensors + payload)
        let rest = [
            ("files, manifests, headers", payload - min(payload, dropped)),
            ("forgotten and replaced steps", min(payload, dropped)), ("forgotten moments", moments),
        ]
        json.array { json in
            for (name, bytes) in rest where bytes > 0 {
                json.array { json in
                    json.write(name)
                    json.write(bytes)
                }
            }
        }
    }

    private static func number(_ role: TensorRole) -> Int { TensorRole.allCases.firstIndex(of: role) ?? 0 }
}
