/// How far the elements of a level lie below it on average, for levels 1, 2 and 3 or more.
struct CentroidSums {
    private var differences = [0.0, 0.0, 0.0]
    private var counts = [0, 0, 0]

    /// - Parameter scale: 1 / step.
    mutating func add(_ values: [Double], scale: Double, levels: [Int32]) {
        for (index, level) in levels.enumerated() where level != 0 {
            let size = Double(level.magnitude)
            let place = min(Int(level.magnitude), 3) - 1
            differences[place] += size - (values[index] * scale).magnitude
            counts[place] += 1
        }
    }

    var centroids: DeadZone.Centroids { DeadZone.Centroids(differences: differences, counts: counts) }
}
