import FileSystem
import Foundation
import TensorFiles
import Testing

@testable import Checkpoints

/// What correlations are taken to prove.
@Suite struct UpdateCorrelationTests {
    /// A square table of `size` tensors with `count` values each, whose true pairs are the diagonal.
    private func table(_ size: Int, count: Int, right: Float, wrong: Float) -> UpdateCorrelation.Table {
        let cells = (0..<size).flatMap { row in (0..<size).map { $0 == row ? right : wrong } }
        let all = [Bool](repeating: true, count: size)
        return UpdateCorrelation.Table(
            slots: Array(0..<size), weights: Array(0..<size), correlation: cells, count: count, hasDirection: all,
            hasChange: all, isUnchanged: all.map { !$0 })
    }

    private let solver = PairingSolver(weights: [], optimizers: [], evidence: nil)

    @Test func theSeriesIsTheExponential() {
        for step in 0...400 {
            let x = Double(step) / 100
            #expect(abs(UpdateCorrelation.exponential(x) / exp(x) - 1) < 1e-13)
        }
    }

    @Test func dataContradictAShiftedOrderOfSmallVectors() {
        let table = table(14, count: 24, right: 0.95, wrong: 0.2)
        #expect(solver.contradicts(table, (0..<14).map { ($0 + 1) % 14 }))
        #expect(!solver.contradicts(table, Array(0..<14)))
    }

    @Test func chanceDoesNotContradictAnOrder() {
        // Nothing tells: the best of many small correlations is no better witness than the order.
        let table = table(14, count: 24, right: 0.4, wrong: 0.0)
        #expect(!solver.contradicts(table, (0..<14).map { ($0 + 1) % 14 }))
    }

    @Test func correlationsNearOneAreToldApartByLess() {
        let few = table(2, count: 24, right: 0, wrong: 0)
        #expect(few.isApart(0.99, 0.8))
        #expect(!few.isApart(0.6, 0.3))
        #expect(!few.isApart(0.99, 0.97))
        #expect(!table(2, count: 8, right: 0, wrong: 0).isApart(0.999, 0.1))
    }
}
