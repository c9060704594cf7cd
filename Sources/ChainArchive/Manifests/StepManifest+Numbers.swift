extension StepManifest {
    /// Whether it refers to a version of a step that was replaced. In a new manifest its number would mean another one.
    var namesReplaced: Bool {
        var found = false
        var copy = self
        copy.number = 0
        copy.renumber {
            found = found || StepVersion.isReplaced($0)
            return $0
        }
        return found
    }

    /// Replaces the number of every step that the manifest names, its own included.
    mutating func renumber(_ key: (Int) -> Int) {
        number = key(number)
        if case .step(let before, let digest) = predecessor { predecessor = .step(key(before), digest: digest) }
        for index in tensors.indices {
            if case .sameAs(let step) = tensors[index].coding { tensors[index].coding = .sameAs(step: key(step)) }
        }
        for entry in entries.indices {
            for block in entries[entry].payload.indices {
                guard case .elsewhere(var location) = entries[entry].payload[block].content else { continue }
                location.step = key(location.step)
                entries[entry].payload[block].content = .elsewhere(location)
            }
        }
    }
}
