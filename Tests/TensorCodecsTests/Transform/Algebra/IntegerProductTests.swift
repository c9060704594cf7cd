import Synchronization
import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Products of integers, with the library and without.
@Suite struct IntegerProductTests {
    private func values(_ count: Int, seed: UInt64) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Double(Int64(random.next() >> 44) - (1 << 19)) }
    }

    @Test(arguments: [false, true], [false, true])
    func theLibraryAndWeComeToTheSame(transposedA: Bool, transposedB: Bool) {
        for (rows, columns, inner) in [(1, 1, 1), (3, 5, 7), (65, 130, 67), (128, 1, 64), (0, 3, 2), (3, 2, 0)] {
            let a = values(rows * inner + 1, seed: 1), b = values(inner * columns + 1, seed: 2)
            var library = [Double](repeating: 1, count: rows * columns),
                own = [Double](repeating: 2, count: rows * columns)
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    let left = IntegerProduct.Operand(
                        values: a.baseAddress!, stride: max(1, transposedA ? rows : inner), transposed: transposedA)
                    let right = IntegerProduct.Operand(
                        values: b.baseAddress!, stride: max(1, transposedB ? inner : columns), transposed: transposedB)
                    library.withUnsafeMutableBufferPointer {
                        IntegerProduct.multiply((rows, columns, inner), left, right, into: $0)
                    }
                    own.withUnsafeMutableBufferPointer {
                        IntegerProduct.multiplyAlone((rows, columns, inner), left, right, into: $0)
                    }
                }
            }
            if inner > 0 { #expect(library == own) }
            #expect(own.allSatisfy { inner > 0 || $0 == 0 })
        }
    }

    /// A library that has room for so many buffers.
    private final class Buffers: Sendable {
        let taken = Mutex(0)
        let limit: Int
        init(limit: Int) { self.limit = limit }
        func room() -> LibraryRoom {
            LibraryRoom(probe: { self.taken.withLock { $0 < self.limit } }, warmUp: { self.taken.withLock { $0 += 1 } })
        }
    }

    @Test func nobodyEntersWithoutABuffer() {
        let none = Buffers(limit: 0)
        #expect(!none.room().enter { Issue.record("there is no room") })
        #expect(none.taken.withLock { $0 } == 0)

        let two = Buffers(limit: 2), room = two.room()
        var entered = 0, outcomes: [Bool] = []
        // One in another: three at a time, of which two have a buffer.
        let isOuter = room.enter {
            entered += 1
            let isInner = room.enter {
                entered += 1
                outcomes.append(room.enter { entered += 1 })
            }
            // What was taken is used again.
            outcomes += [isInner, room.enter { entered += 1 }]
        }
        #expect(isOuter && outcomes == [false, true, true])
        #expect(entered == 3 && two.taken.withLock { $0 } == 2)
    }
}
