import Testing

@testable import TensorCodecs

/// Followed directions against the true eigenvectors.
@Suite struct TrackedBasisTests {
    /// The eigenvalues of a symmetric matrix, descending, by Jacobi's rotations.
    static func eigenvalues(_ matrix: [Double], _ size: Int) -> [Double] {
        var a = matrix
        for _ in 0..<12 {
            for p in 0..<size - 1 {
                for q in p + 1..<size where a[p * size + q] != 0 {
                    let theta = (a[q * size + q] - a[p * size + p]) / (2 * a[p * size + q])
                    let t = (theta < 0 ? -1 : 1) / (theta.magnitude + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot(), s = t * c
                    for k in 0..<size {
                        let (x, y) = (a[k * size + p], a[k * size + q])
                        (a[k * size + p], a[k * size + q]) = (c * x - s * y, s * x + c * y)
                    }
                    for k in 0..<size {
                        let (x, y) = (a[p * size + k], a[q * size + k])
                        (a[p * size + k], a[q * size + k]) = (c * x - s * y, s * x + c * y)
                    }
                }
            }
        }
        return (0..<size).map { a[$0 * size + $0] }.sorted(by: >)
    }

    static func covariance(_ x: IntegerMatrix) -> [Double] {
        var result = [Double](repeating: 0, count: x.rows * x.rows)
        for i in 0..<x.rows {
            for j in 0...i {
                var product = 0.0
                for k in 0..<x.columns { product += x.values[i * x.columns + k] * x.values[j * x.columns + k] }
                result[i * x.rows + j] = product
                result[j * x.rows + i] = product
            }
        }
        return result
    }

    @Test func leadingDirectionsCaptureWhatEigenvectorsDo() throws {
        let size = 80, directions = 10
        var basis = SideBasis(size: size, kind: .tracked(directions: directions), side: .left)
        var covariance = [Double](repeating: 0, count: size * size)
        for seed in 1..<4 as Range<UInt64> {
            let x = SideBasisTests.sample(size, 100, seed: seed)
            try basis.learn(x, exponent: 0)
            covariance = zip(covariance, Self.covariance(x)).map { 0.5 * $0 + $1 }
            let best = Self.eigenvalues(covariance, size)
            // The trace of B'CB over the leading directions. Unit vectors, large, give B' column by column.
            var units = [Double](repeating: 0, count: size * size)
            for i in 0..<size { units[i * size + i] = 0x1p30 }
            let b = try basis.rotate(IntegerMatrix(rows: size, columns: size, values: units)).values.map {
                $0 * 0x1p-30
            }
            var captured = [Double](repeating: 0, count: directions)
            for d in 0..<directions {
                for i in 0..<size {
                    for j in 0..<size { captured[d] += b[d * size + i] * covariance[i * size + j] * b[d * size + j] }
                }
            }
            func share(_ count: Int) -> Double {
                captured.prefix(count).reduce(0, +) / best.prefix(count).reduce(0, +)
            }
            // Five stand out; the others compete with noise.
            #expect(share(5) > 0.995 && share(5) < 1.001)
            #expect(share(directions) > 0.97 && share(directions) < 1.001)
            for (energy, predicted) in zip(captured.prefix(5), basis.energies) {
                #expect(abs(HalfOctaves.of(energy, exponent: 0) - predicted) <= 1)
            }
        }
    }

    @Test func eigenvaluesAgreeWithJacobis() {
        let size = 50
        let matrix = Self.covariance(SideBasisTests.sample(size, 40, seed: 3))
        let expected = Self.eigenvalues(matrix, size), found = SymmetricEigen(matrix, size: size)
        for (a, b) in zip(expected, found.values) { #expect(abs(a - b) < 1e-12 * expected[0]) }
        for i in 0..<size {
            for j in 0...i {
                var product = 0.0
                for k in 0..<size { product += found.vectors[i * size + k] * found.vectors[j * size + k] }
                #expect(abs(product - (i == j ? 1 : 0)) < 1e-12)
            }
        }
    }

    @Test func halfOctaves() {
        #expect(HalfOctaves.of(1, exponent: 0) == 0)
        #expect(HalfOctaves.of(2, exponent: 3) == 8)
        #expect(HalfOctaves.of(0.75, exponent: 0) == -1)
        #expect(HalfOctaves.of(1.19, exponent: 0) == 1)
        #expect(HalfOctaves.of(1.69, exponent: 0) == 2)
        #expect(HalfOctaves.of([8, 0, 1e-30], exponent: 1) == [8, -52, -52])
        #expect(HalfOctaves.of([0, 0], exponent: 7) == [0, 0])
    }
}
