/// Weights of which an optimizer was given all.
struct WeightSubset {
    var weights: [Int]
    /// The subset follows from shapes, names or data, not from a guess.
    var isDocumented: Bool
}

extension PairingProblem {
    /// The ways in which scripts spread an ordered list of parameters over the groups. The weights of each group.
    func distributions(_ order: [Int]) -> [([[Int]], Trust)] {
        var result: [([[Int]], Trust)] = []
        let all = Array(groups.indices)
        // One after the other: one group, layer-wise learning rates, backbone and head.
        if let lists = spread([(order, all)]) { result.append((lists, .documented)) }
        let decayed = groups.map { group in group.first.flatMap { slots[$0].weightDecay } }
        let without = all.filter { decayed[$0] == 0 }
        let with = all.filter { (decayed[$0] ?? 1) != 0 }
        for rule in 0..<marks.count {
            let (no, yes) = marks.split(order, by: rule)
            if !without.isEmpty, !with.isEmpty, let lists = spread([(no, without), (yes, with)]) {
                result.append((lists, .documented))
            }
            // The first group decays (nanoGPT, Hugging Face) or the second does (timm); decay itself may be 0.
            let used = all.filter { !groups[$0].isEmpty }
            if used.count == 2 {
                for (first, second) in [(yes, no), (no, yes)] {
                    if let lists = spread([(first, [used[0]]), (second, [used[1]])]) {
                        let contradicted =
                            decayed[used[0]] != decayed[used[1]] && first == no && (decayed[used[0]] ?? 0) != 0
                        result.append((lists, contradicted ? .guess : .documented))
                    }
                }
            } else if used.count > 2, used.count.isMultiple(of: 2) {
                // Pairs of groups, with and without decay, one pair per part of the model.
                for first in [0, 1] {
                    let even = used.enumerated().filter { $0.offset % 2 == first }.map(\.element)
                    let odd = used.enumerated().filter { $0.offset % 2 != first }.map(\.element)
                    if let lists = spread([(yes, even), (no, odd)]) { result.append((lists, .documented)) }
                }
            }
        }
        // Whole parts of the model in another order than they were registered: the head first.
        if (2...5).contains(all.count) {
            for permutation in PairingProblem.permutations(all) where permutation != all {
                if let lists = spread([(order, permutation)]) { result.append((lists, .plausible)) }
            }
        }
        return result
    }

    /// Fills groups one after the other from a list each class of groups shares; `nil` where the counts differ.
    private func spread(_ classes: [(list: [Int], groups: [Int])]) -> [[Int]]? {
        var lists = [[Int]](repeating: [], count: groups.count)
        for (list, members) in classes {
            guard list.count == members.reduce(0, { $0 + groups[$1].count }) else { return nil }
            var start = 0
            for group in members {
                lists[group] = Array(list[start..<start + groups[group].count])
                start += groups[group].count
            }
        }
        return lists
    }

    static func permutations<Item>(_ items: [Item]) -> [[Item]] {
        guard let first = items.first else { return [[]] }
        return permutations(Array(items.dropFirst())).flatMap { rest in
            (0...rest.count).map { rest.prefix($0) + [first] + rest.suffix(rest.count - $0) }
        }
    }

    /// Which weights the optimizer may have been given, where there are more weights than slots.
    func subsets(changed: Set<Int>?) -> [WeightSubset] {
        var subsets = [WeightSubset(weights: open, isDocumented: true)]
        guard open.count > slotCount else { return subsets }
        func add(_ list: [Int], _ isDocumented: Bool) {
            if list.count == slotCount, !subsets.contains(where: { $0.weights == list }) {
                subsets.append(WeightSubset(weights: list, isDocumented: isDocumented))
            }
        }
        // Weights of shapes that no state has were not trained (where every slot has a state to tell its shape).
        let members = groups.joined()
        var base = open
        if members.allSatisfy({ slots[$0].slot.shape != nil }) {
            let shapes = Set(members.compactMap { slots[$0].slot.shape })
            base = open.filter { shapes.contains(weights[$0].shape) }
            add(base, true)
        }
        base = base.filter { !BufferNames.isLikely(weights[$0].ownName) }
        add(base, true)
        let adapters = base.filter { weights[$0].ownName.contains("lora_") || weights[$0].ownName.contains("adapter") }
        add(adapters, true)
        add(base.filter { weights[$0].ownName.hasSuffix("bias") }, true)
        if let changed { add(base.filter { changed.contains($0) }, true) }
        add(base.filter { !NoDecayRule.isEmbedding(weights[$0].ownName) }, false)
        for order in ParameterOrder.candidates(base, weights).prefix(1) where base.count > slotCount {
            add(Array(order.weights.suffix(slotCount)), false)
            add(Array(order.weights.prefix(slotCount)), false)
        }
        return subsets
    }
}
