/// Eight elements at a time: what the loops over elements work on. Operators on these types become single instructions
/// where the processor has them; what the standard library has no operator for is here.
typealias IntLanes = SIMD8<Int32>
typealias WordLanes = SIMD8<UInt32>

enum Lanes {
    static let count = 8

    /// Elements in whole vectors: `count` rounded up.
    @inline(__always)
    static func padded(_ count: Int) -> Int { (count &+ Lanes.count &- 1) & ~(Lanes.count &- 1) }

    @inline(__always)
    static func bits(_ lanes: IntLanes) -> WordLanes { unsafeBitCast(lanes, to: WordLanes.self) }

    @inline(__always)
    static func signed(_ lanes: WordLanes) -> IntLanes { unsafeBitCast(lanes, to: IntLanes.self) }

    @inline(__always)
    static func all(_ value: Int32) -> IntLanes { IntLanes(repeating: value) }

    @inline(__always)
    static func all(_ value: UInt32) -> WordLanes { WordLanes(repeating: value) }

    /// All ones where a number is negative, 0 elsewhere: a condition. The standard library's masks cost more: it goes
    /// over lanes one by one, which is put together again, if at all, in pieces.
    @inline(__always)
    static func isNegative(_ lanes: IntLanes) -> IntLanes { lanes &>> all(31) }

    /// Where the first is smaller; differences stay below 2^31.
    @inline(__always)
    static func isLess(_ first: IntLanes, _ second: IntLanes) -> IntLanes { isNegative(first &- second) }

    /// `yes` where the condition holds, `no` elsewhere.
    @inline(__always)
    static func select(_ condition: IntLanes, _ yes: IntLanes, _ no: IntLanes) -> IntLanes {
        (yes & condition) | (no & ~condition)
    }

    @inline(__always)
    static func select(_ condition: IntLanes, _ yes: WordLanes, _ no: WordLanes) -> WordLanes {
        let condition = bits(condition)
        return (yes & condition) | (no & ~condition)
    }

    /// Whether any bit is set.
    @inline(__always)
    static func any(_ lanes: IntLanes) -> Bool {
        let four = lanes.lowHalf | lanes.highHalf
        let two = four.lowHalf | four.highHalf
        return two.x | two.y != 0
    }

    @inline(__always)
    static func positive(_ lanes: IntLanes) -> IntLanes { lanes & ~isNegative(lanes) }

    @inline(__always)
    static func max(_ lanes: IntLanes, _ least: Int32) -> IntLanes { positive(lanes &- all(least)) &+ all(least) }

    @inline(__always)
    static func max(_ first: IntLanes, _ second: IntLanes) -> IntLanes { positive(first &- second) &+ second }

    @inline(__always)
    static func min(_ lanes: IntLanes, _ most: Int32) -> IntLanes { all(most) &- positive(all(most) &- lanes) }

    /// The bit patterns of numbers from 0 on as float32, what has no place being cut off. Tells their lengths: counting
    /// leading zeros would take each lane for itself.
    @inline(__always)
    static func floatBits(_ numbers: IntLanes) -> IntLanes {
        // Without the bit behind the last that has a place nothing is rounded up.
        unsafeBitCast(SIMD8<Float>(numbers & ~(numbers &>> all(24))), to: IntLanes.self)
    }

    /// 2^count - 1 in each lane; counts are 0 to 31.
    @inline(__always)
    static func mask(_ count: IntLanes) -> WordLanes { (all(UInt32(1)) &<< bits(count)) &- all(UInt32(1)) }

    @inline(__always)
    static func load(_ start: UnsafePointer<Int32>, _ position: Int) -> IntLanes {
        UnsafeRawPointer(start + position).loadUnaligned(as: IntLanes.self)
    }

    @inline(__always)
    static func load(_ start: UnsafePointer<UInt32>, _ position: Int) -> WordLanes {
        UnsafeRawPointer(start + position).loadUnaligned(as: WordLanes.self)
    }

    @inline(__always)
    static func store(_ lanes: IntLanes, _ start: UnsafeMutablePointer<Int32>, _ position: Int) {
        UnsafeMutableRawPointer(start + position).storeBytes(of: lanes, as: IntLanes.self)
    }

    @inline(__always)
    static func store(_ lanes: WordLanes, _ start: UnsafeMutablePointer<UInt32>, _ position: Int) {
        UnsafeMutableRawPointer(start + position).storeBytes(of: lanes, as: WordLanes.self)
    }
}
