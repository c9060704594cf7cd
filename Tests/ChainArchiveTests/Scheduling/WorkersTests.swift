@testable import ChainArchive
import FileSystem
import TensorFiles
import Testing

/// Ceilings: what is refused, and what the refusal says.
@Suite struct WorkersTests {
    private func limits(threads: Int = 8, memory: UInt64? = nil, addresses: UInt64? = nil) -> ProcessLimits {
        var limits = ProcessLimits(text: { _ in nil }, environment: { _ in nil }, online: threads, addressLimit: nil)
        (limits.memory, limits.addresses) = (memory, addresses)
        return limits
    }

    private func refusal(_ workers: Workers, _ needed: Int...) -> VarveError? {
        do throws(VarveError) {
            try workers.check(needed.enumerated().map { (needed: $1, tensor: "w\($0)") })
            return nil
        } catch { return error }
    }

    @Test func theLeastMemoryIsNamedAndIsEnough() throws {
        let error = try #require(
            refusal(Workers(threads: 1, memory: 200_000_000, limits: limits()), 1 << 20, 987_654_321, 5))
        #expect(error.code == .usage && error.location.tensor == "w1")
        let megabytes = try #require(
            error.message.split(separator: " ").first { $0.hasSuffix("MB") }.flatMap { UInt64($0.dropLast(2)) })
        #expect(refusal(Workers(threads: 1, memory: megabytes * 1_000_000, limits: limits()), 987_654_321) == nil)
        #expect(refusal(Workers(threads: 1, memory: (megabytes - 2) * 1_000_000, limits: limits()), 987_654_321) != nil)
    }

    /// What is reckoned is more than what is taken: only what can never do is refused.
    @Test func aGroupsLimitIsAWishUpToWhatMustExceedIt() {
        let workers = Workers(threads: 0, limits: limits(threads: 3, memory: 1 << 30))
        #expect(workers.threads == 3 && workers.room < 1 << 30)
        #expect(refusal(workers, (1 << 30) / 2 * 3) == nil)
        #expect(refusal(workers, 1 << 31)?.code == .noMemory)
        #expect(Workers(threads: 5, limits: limits()).threads == 5)
        #expect(Workers(threads: 0, limits: limits()).room == .max)
    }

    @Test func addressesAreACeiling() throws {
        let workers = Workers(threads: 2, limits: limits(addresses: 1 << 30))
        let error = try #require(refusal(workers, 1 << 30))
        #expect(error.code == .noMemory && error.message.contains("ulimit -v"))
        #expect(refusal(workers, 1 << 29) == nil)
        // The user's own ceiling is named where it is the lower one.
        #expect(
            refusal(Workers(threads: 2, memory: 1 << 28, limits: limits(addresses: 1 << 30)), 1 << 30)?.code == .usage)
    }
}
