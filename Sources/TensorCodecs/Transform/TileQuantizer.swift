/// Turns values into levels of a dead-zone quantizer.
struct TileQuantizer {
    let zone: DeadZone
    /// 1 / step.
    let scale: Double

    func levels(_ values: [Double]) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: values.count) { output, filled in
            values.withUnsafeBufferPointer { values in
                for index in 0..<values.count { output[index] = zone.level(values[index] * scale) }
            }
            filled = values.count
        }
    }

    /// Whether a level hit the end of the range.
    func overflows(_ levels: [Int32]) -> Bool {
        levels.contains { $0.magnitude >= UInt32(DeadZone.largest) }
    }
}
