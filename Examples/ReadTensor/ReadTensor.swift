import Varve

/// The mean square of a weight in each step of an archive. Only the unit that holds it is decoded.
func meanSquares(of name: String, in path: String) throws -> [Int: Float] {
    let archive = try Archive(at: path)
    var result: [Int: Float] = [:]
    for step in try archive.steps {
        let values = try archive.tensor(named: name, step: step).floats ?? []
        result[step] = values.reduce(0) { $0 + $1 * $1 } / Float(max(1, values.count))
    }
    return result
}
