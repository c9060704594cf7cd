import FileSystem

extension Discovery {
    /// Gives every candidate its step number.
    mutating func chooseNumbers() {
        for index in candidates.indices { candidates[index].chooseNumber() }
        trustNamesWhereNumbersRepeat()
        let different = candidates.filter(\.disagrees)
        if let first = different.first, let number = first.number, let name = first.stepName {
            let others = different.count == 1 ? "" : ", and so do \(different.count - 1) others"
            warnings.append(
                "\(first.path): the name says \(name.number), the file says \(ground(number)) \(number.value)"
                    + "\(others); the files' numbers count")
        }
    }

    private func ground(_ number: StepNumber) -> String {
        switch number.ground {
        case .metadata: "step"
        case .epochMetadata: "epoch"
        case .optimizer: "optimizer step"
        case .name: "name"
        }
    }

    /// An epoch or an optimizer's counter that several differently numbered checkpoints share tells nothing: then
    /// the names of the whole series count.
    private mutating func trustNamesWhereNumbersRepeat() {
        func series(_ candidate: StepCandidate) -> String {
            "\(candidate.isDirectory) \(Paths.split(candidate.path).directory)/\(StepName.template(candidate.name))"
        }
        var seen: [String: [Int: Set<Int>]] = [:]
        for candidate in candidates where !candidate.isMoving {
            guard let number = candidate.number, number.ground == .epochMetadata || number.ground == .optimizer,
                let name = candidate.stepName
            else { continue }
            seen[series(candidate), default: [:]][number.value, default: []].insert(name.number)
        }
        let useless = Set(seen.filter { $0.value.values.contains { $0.count > 1 } }.keys)
        guard !useless.isEmpty else { return }
        for index in candidates.indices where candidates[index].number?.ground != .metadata {
            if useless.contains(series(candidates[index])) { candidates[index].trustName() }
        }
    }

    /// Takes out the candidates without a number; where there are no others, the best of them is step 0.
    mutating func dropUnnumbered() -> [StepCandidate] {
        var numbered = candidates.filter { $0.number != nil }
        var rest = candidates.filter { $0.number == nil }
        if numbered.isEmpty, let best = rest.min(by: { $0.isBetter(than: $1) }) {
            var step = best
            step.number = StepNumber(value: 0, ground: .name)
            step.isUnnumbered = true
            numbered = [step]
            rest.removeAll { $0.path == best.path }
            warnings.append("\(step.path.isEmpty ? scan.root : step.path): nothing tells its step; taken as step 0")
        }
        // `resnet50.pth` beside numbered checkpoints is no step 50.
        if numbered.contains(where: { $0.stepName?.kind != .glued || $0.number?.ground != .name }) {
            let glued = numbered.filter { $0.number?.ground == .name && $0.stepName?.kind == .glued }
            let series = Dictionary(grouping: glued) { StepName.template($0.name) }
            let lone = Set(series.values.filter { $0.count < 2 }.joined().map(\.path))
            rest += numbered.filter { lone.contains($0.path) }
            numbered.removeAll { lone.contains($0.path) }
        }
        candidates = numbered
        return rest
    }
}
