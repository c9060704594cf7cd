import Glibc

/// Numbers for people.
enum Units {
    /// `1.2 GB`, powers of 1000.
    static func bytes(_ count: UInt64) -> String {
        if count < 1000 { return "\(count) B" }
        var value = Double(count)
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            value /= 1000
            if value < 999.5 || unit == "PB" {
                return "\(decimal(value, value < 9.95 ? 2 : value < 99.95 ? 1 : 0)) \(unit)"
            }
        }
        return "\(count) B"
    }

    /// With a fixed number of decimals, and a point whatever the locale.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let number = UInt64(scaled), unit = UInt64(scale)
        var text = "\(number / unit)"
        if digits > 0 {
            let rest = String(number % unit)
            text += "." + String(repeating: "0", count: digits - rest.count) + rest
        }
        return value < 0 && number != 0 ? "-" + text : text
    }

    /// `83.1x`.
    static func ratio(_ value: Double) -> String {
        value == 0 ? "-" : decimal(value, value < 9.995 ? 2 : value < 999.5 ? 1 : 0) + "x"
    }

    /// `0.0123`, `1.2e-07`: about three significant digits.
    static func figure(_ value: Double) -> String {
        if value == 0 { return "0" }
        guard value.isFinite else { return "-" }
        if value.magnitude >= 0.001, value.magnitude < 1000 { return decimal(value, value.magnitude < 1 ? 4 : 2) }
        var exponent = 0, mantissa = value.magnitude
        while mantissa >= 9.95 { mantissa /= 10; exponent += 1 }
        while mantissa < 0.995 { mantissa *= 10; exponent -= 1 }
        let digits = String(exponent.magnitude)
        return (value < 0 ? "-" : "") + decimal(mantissa, 1) + (exponent < 0 ? "e-" : "e+")
            + (digits.count < 2 ? "0" : "") + digits
    }

    /// As `printf` writes `%.6g`: `2.34568`, `1.2e-07`.
    static func sixDigits(_ value: Double) -> String {
        let room = 32
        return String(unsafeUninitializedCapacity: room) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                Int(withVaList([value]) { vsnprintf(text.baseAddress, room, "%.6g", $0) })
            }
        }
    }

    /// `1:05`, `2:03:04`.
    static func duration(_ seconds: Double) -> String {
        let total = Int(min(max(0, seconds.isFinite ? seconds : 0), 1e9).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return total < 3600
            ? "\(total / 60):\(two(total % 60))" : "\(total / 3600):\(two(total / 60 % 60)):\(two(total % 60))"
    }

    /// `0.31 s`, `12.5 s`; from a minute on as `duration`.
    static func seconds(_ seconds: Double) -> String {
        seconds < 59.95 ? "\(decimal(max(0, seconds), seconds < 9.995 ? 2 : 1)) s" : duration(seconds)
    }

    /// `12 s ago`, `5 min ago`, `2 h ago`.
    static func ago(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e9))
        return whole < 60 ? "\(whole) s ago" : whole < 3600 ? "\(whole / 60) min ago" : "\(whole / 3600) h ago"
    }

    /// `1 step`, `5 steps`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// `110,928`.
    static func grouped(_ number: UInt64) -> String {
        var text = "", digits = 0
        for digit in String(number).reversed() {
            if digits > 0, digits % 3 == 0 { text.append(",") }
            text.append(digit)
            digits += 1
        }
        return String(text.reversed())
    }

    static func percent(_ share: Double) -> String { share == 0 ? "-" : decimal(share * 100, 1) + " %" }
}
