/// A symmetric matrix A as Q T Q' with T tridiagonal.
struct Tridiagonal {
    let size: Int
    var diagonal: [Double]
    /// Element i stands between the diagonal's i and i + 1; the last is zero.
    var beside: [Double]
    /// Q', row-major, every row followed by zeros up to `stride`.
    private(set) var rows: [Double]
    let stride: Int

    /// Reduces a symmetric matrix with elements of magnitude up to 2.
    init(_ matrix: [Double], size: Int) {
        self.size = size
        // An odd number of cache lines, so that the rows do not fall on one another in the cache.
        self.stride = ((size + 7) & ~7) | 8
        self.diagonal = [Double](repeating: 0, count: size)
        self.beside = [Double](repeating: 0, count: size)
        self.rows = [Double](repeating: 0, count: size * stride)
        var matrix = matrix
        var factors = [Double](repeating: 0, count: size)
        reduce(&matrix, &factors)
        accumulate(matrix, factors)
    }

    /// Row k of `matrix` ends as the vector v of reflection k, I - factor v v', from column k + 1 on.
    private mutating func reduce(_ matrix: inout [Double], _ factors: inout [Double]) {
        let size = size
        var product = [Double](repeating: 0, count: size)
        matrix.withUnsafeMutableBufferPointer { matrix in
            product.withUnsafeMutableBufferPointer { product in
                guard let a = matrix.baseAddress, let p = product.baseAddress else { return }
                for k in 0..<max(size - 2, 0) {
                    diagonal[k] = a[k * size + k]
                    let v = a + (k * size + k + 1)
                    let count = size - k - 1
                    let tail = DeterministicLoops.dot(v + 1, v + 1, count - 1)
                    if tail < 0x1p-400 {
                        beside[k] = v[0]
                        continue
                    }
                    let length = (v[0] * v[0] + tail).squareRoot()
                    beside[k] = v[0] > 0 ? -length : length
                    v[0] -= beside[k]
                    let factor = 2 / (tail + v[0] * v[0])
                    factors[k] = factor

                    let block = a + ((k + 1) * size + k + 1)
                    for i in 0..<count { p[i] = 0 }
                    for i in 0..<count { DeterministicLoops.add(v[i] * factor, block + i * size, to: p, count) }
                    DeterministicLoops.add(-0.5 * factor * DeterministicLoops.dot(p, v, count), v, to: p, count)
                    for i in 0..<count {
                        let row = block + i * size
                        let (vi, pi) = (v[i], p[i])
                        var j = 0
                        while j < count {
                            row[j] -= vi * p[j] + pi * v[j]
                            j &+= 1
                        }
                    }
                }
                for k in max(size - 2, 0)..<size {
                    diagonal[k] = a[k * size + k]
                    if k + 1 < size { beside[k] = a[k * size + k + 1] }
                }
            }
        }
    }

    /// Multiplies the reflections out, the last first.
    private mutating func accumulate(_ reflections: [Double], _ factors: [Double]) {
        let (size, stride) = (size, stride)
        for i in 0..<size { rows[i * stride + i] = 1 }
        var product = [Double](repeating: 0, count: size)
        rows.withUnsafeMutableBufferPointer { rows in
            reflections.withUnsafeBufferPointer { reflections in
                product.withUnsafeMutableBufferPointer { product in
                    guard let q = rows.baseAddress, let v = reflections.baseAddress, let p = product.baseAddress
                    else { return }
                    for k in Swift.stride(from: size - 3, through: 0, by: -1) where factors[k] != 0 {
                        let v = v + (k * size + k + 1)
                        let count = size - k - 1
                        let block = q + ((k + 1) * stride + k + 1)
                        for i in 0..<count { p[i] = 0 }
                        for i in 0..<count { DeterministicLoops.add(v[i], block + i * stride, to: p, count) }
                        for i in 0..<count {
                            DeterministicLoops.add(-factors[k] * v[i], p, to: block + i * stride, count)
                        }
                    }
                    for i in 0..<size {
                        for j in 0..<i {
                            let kept = q[i * stride + j]
                            q[i * stride + j] = q[j * stride + i]
                            q[j * stride + i] = kept
                        }
                    }
                }
            }
        }
    }

    /// Turns rows i and i + 1 by rotation i, for i from `first` down to `last`. Eight columns at a time go through all
    /// rotations, so every row is read and written once.
    mutating func rotate(_ rotations: [(cosine: Double, sine: Double)], from first: Int, through last: Int) {
        guard first >= last else { return }
        let stride = stride
        rows.withUnsafeMutableBytes { bytes in
            rotations.withUnsafeBufferPointer { rotations in
                var column = 0
                while column < stride {
                    var offset = ((first &+ 1) &* stride &+ column) &* 8
                    var carried = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
                    var i = first
                    while i >= last {
                        let (cosine, sine) = rotations[i]
                        let above = bytes.loadUnaligned(
                            fromByteOffset: offset &- stride &* 8, as: SIMD8<Double>.self)
                        bytes.storeBytes(
                            of: sine * above + cosine * carried, toByteOffset: offset, as: SIMD8<Double>.self)
                        carried = cosine * above - sine * carried
                        offset &-= stride &* 8
                        i &-= 1
                    }
                    bytes.storeBytes(of: carried, toByteOffset: offset, as: SIMD8<Double>.self)
                    column &+= 8
                }
            }
        }
    }
}
