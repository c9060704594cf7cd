/// How far the elements of a level lie below it on average, for levels 1, 2 and 3 or more.
struct CentroidSums {
    private var differences = [0.0, 0.0, 0.0]
    private var counts = [0, 0, 0]

    /// - Parameter scale: 1 / step.
    mutating func add(_ values: [Double], scale: Double, levels: ArraySlice<Int32>) {
        values.withUnsafeBufferPointer { values in
            levels.withUnsafeBufferPointer { levels in
                differences.withUnsafeMutableBufferPointer { differences in
                    counts.withUnsafeMutableBufferPointer { counts in
                        for index in 0..<min(values.count, levels.count) where levels[index] != 0 {
                            let magnitude = Int(levels[index].magnitude)
                            let position = min(magnitude, 3) &- 1
                            differences[position] += Double(magnitude) - (values[index] * scale).magnitude
                            counts[position] &+= 1
                        }
                    }
                }
            }
        }
    }

    /// Elements whose level is not zero.
    var count: Int { counts.reduce(0, +) }

    var centroids: DeadZone.Centroids { DeadZone.Centroids(differences: differences, counts: counts) }
}
