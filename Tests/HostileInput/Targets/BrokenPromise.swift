import FileSystem
import TensorFiles

/// An input made Varve do what it promises never to do.
package struct BrokenPromise: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// - Throws: a broken promise where `condition` does not hold.
    static func unless(_ condition: Bool, _ description: @autoclosure () -> String) throws {
        if !condition { throw BrokenPromise(description()) }
    }

    /// What `body` gives; `nil` where it refuses the input with one of these codes, which is right.
    static func allowing<Result>(
        _ codes: Set<VarveError.Code>, _ body: () throws(VarveError) -> Result
    ) throws -> Result? {
        do throws(VarveError) {
            return try body()
        } catch {
            try unless(codes.contains(error.code), "an error of another kind: \(error.code): \(error)")
            return nil
        }
    }
}
