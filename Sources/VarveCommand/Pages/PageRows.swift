import Varve

/// What a page has a row of numbers for: each tensor, or sums by layer and role where there would be too many.
struct PageRows {
    /// A tensor through all steps.
    struct Identity: Hashable {
        var name: String
        var role: TensorRole
        var key: String

        init(name: String, role: TensorRole, key: String) {
            self.name = name
            self.role = role
            self.key = key
        }

        init(_ tensor: Report.Tensor) {
            self.init(name: tensor.name, role: tensor.role, key: tensor.key)
        }

        fileprivate var layer: Identity { Identity(name: GroupedReport.layer(name), role: role, key: "") }
    }

    private(set) var rows: [Identity] = []
    /// Whether each tensor has its own row.
    private(set) var isWhole = true
    private var numbers: [Identity: Int] = [:]

    /// - Parameter most: rows that there may be.
    init(_ report: Report, most: Int) {
        var stored: [Identity: UInt64] = [:], order: [Identity] = []
        for tensor in report.steps.lazy.flatMap(\.tensors) {
            let identity = Identity(tensor)
            if stored[identity] == nil { order.append(identity) }
            stored[identity, default: 0] += tensor.figures.storedBytes
        }
        guard order.count > most else {
            add(order) { $0 }
            return
        }
        isWhole = false
        var layers: [Identity: UInt64] = [:]
        for identity in order { layers[identity.layer, default: 0] += stored[identity] ?? 0 }
        guard layers.count > most else {
            add(order, \.layer)
            return
        }
        // The largest layers, and one row a role for all others.
        let largest = layers.sorted { ($0.value, $1.key.name) > ($1.value, $0.key.name) }
        let kept = Set(largest.prefix(max(0, most - TensorRole.allCases.count)).map(\.key))
        add(order) { identity in
            let layer = identity.layer
            return kept.contains(layer) ? layer : Identity(name: Self.others, role: identity.role, key: "")
        }
    }

    private static let others = "(smaller layers)"

    private mutating func add(_ identities: [Identity], _ row: (Identity) -> Identity) {
        var places: [Identity: Int] = [:]
        for identity in identities {
            let row = row(identity)
            if let place = places[row] {
                numbers[identity] = place
                continue
            }
            places[row] = rows.count
            numbers[identity] = rows.count
            rows.append(row)
        }
    }

    /// The row that a tensor belongs to.
    func row(of tensor: Report.Tensor) -> Int { numbers[Identity(tensor)] ?? 0 }
}
