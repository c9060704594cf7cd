import ChainArchive

/// Which of the steps that are to be added will be keyframes.
struct KeyframePlan {
    let interval: Int
    let archive: ArchiveReader?

    /// - Parameter numbers: of the steps, ascending.
    func keyframes(_ numbers: [Int]) -> Set<Int> {
        var keyframes = Set<Int>(), depths: [Int: Int] = [:]
        let archived = archive?.steps ?? []
        for number in numbers {
            let before = max(archived.last { $0 < number } ?? -1, depths.keys.filter { $0 < number }.max() ?? -1)
            let depth = before < 0 ? interval : depths[before] ?? self.depth(before)
            if depth >= interval { keyframes.insert(number) }
            depths[number] = depth >= interval ? 1 : depth + 1
        }
        return keyframes
    }

    /// Steps from an archived one back to its keyframe, both counted; not above the interval.
    private func depth(_ number: Int) -> Int {
        var current = number, depth = 1
        while depth < interval, case .step(let earlier, _) = (try? archive?.manifest(current))?.predecessor {
            current = earlier
            depth += 1
        }
        return depth
    }
}
