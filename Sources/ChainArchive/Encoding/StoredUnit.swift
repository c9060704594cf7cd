package import FileSystem

/// What is taken over from a version of a step as it is stored there, when the step is taken again.
package protocol StoredUnit: Sendable {
    /// Its bytes and records as a unit of the new version.
    func unit() throws(VarveError) -> EncodedUnit
}
