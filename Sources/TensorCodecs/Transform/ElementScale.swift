/// The scale of every element of a matrix.
struct ElementScale {
    private let rows: [Double]
    private let columns: [Double]

    init(_ scale: MatrixScale, _ form: MatrixForm) {
        rows = MatrixScale.factors(scale.rows[...])
        columns = MatrixScale.factors(scale.columns[...])
    }

    /// The largest magnitude of a first moment in displacement, in grid units; infinite where one is no number.
    func largestDisplacement(_ first: [Float], _ second: [Float]?, _ rule: Displacement, grid: Double) -> Double {
        var largest = SIMD4<Double>(repeating: 0)
        let width = columns.count, wide = width & ~3
        first.withUnsafeBufferPointer { first in
            columns.withUnsafeBufferPointer { columns in
                (second ?? []).withUnsafeBufferPointer { second in
                    for (i, row) in rows.enumerated() {
                        let start = i * width
                        var j = 0
                        while j < wide {
                            let place = start &+ j
                            let moment = SIMD4<Double>(
                                Double(first[place]), Double(first[place &+ 1]), Double(first[place &+ 2]),
                                Double(first[place &+ 3]))
                            var gain = SIMD4<Double>(repeating: rule.factor)
                            if !second.isEmpty {
                                let energy = SIMD4<Double>(
                                    Double(second[place]), Double(second[place &+ 1]), Double(second[place &+ 2]),
                                    Double(second[place &+ 3]))
                                gain = rule.factor * (energy.squareRoot() + rule.epsilon)
                            }
                            let across = SIMD4(columns[j], columns[j &+ 1], columns[j &+ 2], columns[j &+ 3])
                            let size = moment / (gain * (row * across)) * grid
                            let magnitude = size.replacing(with: -size, where: size .< 0)
                            // What is no number compares as false, and stays.
                            largest.replace(with: magnitude, where: .!(magnitude .<= largest))
                            j &+= 4
                        }
                        while j < width {
                            let place = start &+ j
                            let gain = rule.gain(second.isEmpty ? nil : second[place])
                            let magnitude = (Double(first[place]) / (gain * (row * columns[j])) * grid).magnitude
                            if !(magnitude <= largest[0]) { largest[0] = magnitude }
                            j &+= 1
                        }
                    }
                }
            }
        }
        var result = 0.0
        for lane in 0..<4 where !(largest[lane] <= result) { result = largest[lane] }
        return result.isNaN ? .infinity : result
    }

    /// Calls `body` with the index and the scale of every element, row by row.
    func forEach(_ body: (Int, Double) -> Void) {
        var index = 0
        for row in rows {
            for column in columns {
                body(index, row * column)
                index += 1
            }
        }
    }
}
