import Varve

/// What forgetting did or would do, in a line or two.
struct ForgetText {
    let result: ForgetResult
    let momentsOnly: Bool

    var lines: [String] {
        let steps = Units.count(result.forgotten.count, "step")
        let what = momentsOnly ? "the moments of \(steps)" : steps
        return result.dryRun ? plan(what) : [done(what)]
    }

    private func plan(_ what: String) -> [String] {
        let freed = Units.freed(result.freedBytes)
        let first = "would forget \(what); \(result.pruned ? "this" : "pruning then") would free \(freed)"
        guard let freed = result.freedBytesWithRebase, let steps = result.rebasable else { return [first] }
        let more = freed > 0 ? "about \(Units.bytes(UInt64(freed)))" : "nothing either"
        return [first, "with --rebase \(more): \(Units.count(steps.count, "step")) would be taken again"]
    }

    private func done(_ what: String) -> String {
        guard let rebased = result.rebased else {
            let freed = Units.freed(result.freedBytes)
            return result.pruned
                ? "forgot \(what), freed \(freed)" : "forgot \(what); `varve prune` would free \(freed)"
        }
        let done = "forgot \(what), took \(rebased.isEmpty ? "none" : "\(rebased.count)") again"
        guard result.pruned else { return done + "; `varve prune` would free \(Units.freed(result.freedBytes))" }
        return result.freedBytes < 0
            ? done + "; the archive is \(Units.bytes(UInt64(result.freedBytes.magnitude))) larger"
            : done + ", freed \(Units.bytes(UInt64(result.freedBytes)))"
    }
}
