import Testing

@testable import VarveCommand

@Suite struct UnitsTests {
    @Test(arguments: [
        (2.345678, "2.34568"), (-0.5, "-0.5"), (123456.78, "123457"), (1_234_567.8, "1.23457e+06"), (1.2e-7, "1.2e-07"),
        (0.0001, "0.0001"), (-Double.greatestFiniteMagnitude, "-1.79769e+308"), (.infinity, "inf"),
    ])
    func sixDigitsAreThoseOfPrintf(value: Double, text: String) {
        #expect(Units.sixDigits(value) == text)
    }
}
