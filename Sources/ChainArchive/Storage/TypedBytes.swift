package import FileSystem
import TensorFiles

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` for closures with a typed error.
    package func withUnsafeBytesTyped<Result>(
        _ body: (UnsafeRawBufferPointer) throws(VarveError) -> Result
    ) throws(VarveError) -> Result {
        var failure: VarveError?
        let result: Result? = withUnsafeBytes { buffer in
            do throws(VarveError) {
                return try body(buffer)
            } catch {
                failure = error
                return nil
            }
        }
        if let result { return result }
        throw failure ?? VarveError(.inputOutput, "no result")
    }
}
