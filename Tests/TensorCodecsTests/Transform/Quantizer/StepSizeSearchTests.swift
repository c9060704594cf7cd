import Testing

@testable import TensorCodecs

/// The largest quantizer's step within a bound, found in few tries.
@Suite struct StepSizeSearchTests {
    /// Errors that grow with a power of the step between the ones that quantizers have: within the bound after at most four
    /// tries, and not far below it.
    @Test(arguments: [1.0, 1.3, 1.7, 2.0], [1.01, 1.5, 4, 300])
    func aPowerIsFoundOut(power: Double, excess: Double) {
        func tried(_ size: Double) -> Double { excess * PowerLaw.power(size, power) }
        var search = StepSizeSearch(from: 1, bound: 1)
        var tries = 1
        while search.isBeyond(tried(search.size)), tries < 20 { tries += 1 }
        let last = tried(search.size)
        #expect(last <= 1 && last > 0.5, "\(last) after \(tries) tries")
        #expect(tries <= (excess > 100 ? 8 : 5), "\(tries) tries")
    }

    /// What cannot be measured is tried with a smaller step, too.
    @Test(arguments: [Double.infinity, .greatestFiniteMagnitude, 1e300])
    func anEndlessErrorMakesTheStepSmaller(error: Double) {
        var search = StepSizeSearch(from: 1, bound: 1e-30)
        for _ in 0..<12 {
            let before = search.size
            let isBeyond = search.isBeyond(error)
            #expect(isBeyond)
            #expect(search.size < before && search.size > 0)
        }
    }

    /// An error that does not fall with the step ends nothing but the caller's patience.
    @Test func anErrorThatStaysMakesTheStepSmaller() {
        var search = StepSizeSearch(from: 8, bound: 1)
        for _ in 0..<12 {
            let isBeyond = search.isBeyond(1.0001)
            #expect(isBeyond)
        }
        #expect(search.size < 8)
    }

    private enum PowerLaw {
        /// `x` to the `power`, by the table's logarithm.
        static func power(_ x: Double, _ power: Double) -> Double {
            PowerTable.sixtyFourth(Int((Double(PowerTable.log2(x, parts: 64)) * power).rounded()))
        }
    }
}
