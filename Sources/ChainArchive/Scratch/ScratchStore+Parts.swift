package import FileSystem

extension ScratchStore {
    /// A part of a value; `nil` where there is none so long.
    package func get(_ key: Key, _ part: Range<Int>) throws(VarveError) -> [UInt8]? {
        var isThere = false
        var failure: VarveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: part.count) { buffer, filled in
            do throws(VarveError) {
                isThere = try read(
                    key, at: part.lowerBound,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<part.count]))
                filled = isThere ? part.count : 0
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return isThere ? bytes : nil
    }
}
