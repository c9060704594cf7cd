"""The comparison as Markdown: Varve, the peers, what is wanted beside what was seen."""
import statistics

# (quality of `varve bench`, threads; 0 for all cores), in the order of measuring.
MEASURED = [("excp", 0), ("excp:0.01", 0), ("balanced", 0), ("balanced:low", 0), ("lossless", 0), ("lossless", 1)]


def median(rows, *keys):
    """Of a field in all rounds; None where it is not there."""
    found = []
    for row in rows:
        for key in keys:
            row = row.get(key) if row is not None else None
        if row is not None:
            found.append(row)
    return statistics.median(found) if found else None


def number(value, digits=0):
    return "" if value is None else f"{value:.{digits}f}"


def compress_speed(rows):
    return median(rows, "compress", "megabytesPerSecond")


def restore_speed(rows):
    return median(rows, "restore", "megabytesPerSecond")


def varve_table(found):
    text = ["| `varve bench` | threads | ratio | last step | compress | keyframe | delta | restore | memory | error |",
            "|---|---|---|---|---|---|---|---|---|---|"]
    for name, rows in found.items():
        quality, threads = name.rsplit(" ", 1)
        peak = max(row["peakBytes"] for row in rows)
        cells = [quality, "all" if threads == "0" else threads, number(rows[0]["ratio"], 2) + "x",
                 number(rows[0]["lastRatio"], 2) + "x", number(compress_speed(rows)),
                 number(median(rows, "keyframeMegabytesPerSecond")), number(median(rows, "deltaMegabytesPerSecond")),
                 number(restore_speed(rows)), f"{peak / 1e6:.0f} MB",
                 "exact" if rows[0]["check"] == "identical" else number(rows[0].get("weightError"), 4)]
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text)


def statement_speed(rounds):
    return statistics.median(one["bytes"] / 1e6 / one["seconds"] for one in rounds)


def peers_table(results):
    """Ratios to the peer of Varve's speeds."""
    own = results["varve"]["lossless 1"]
    compress, restore, ratio = compress_speed(own), restore_speed(own), own[0]["lastRatio"]
    delta = median(own, "deltaMegabytesPerSecond")
    text = ["| lossless, one thread | ratio | compress | restore | Varve's speed to it |", "|---|---|---|---|---|",
            f"| Varve, whole program, delta | {ratio:.3f}x | {delta:.0f} | {restore:.0f} | |"]
    for peer in results["peers"]:
        text.append(f"| {peer['name']}, in memory | {peer['ratio']:.3f}x | {peer['compressMBs']:.0f} | "
                    f"{peer['restoreMBs']:.0f} | {delta / peer['compressMBs']:.2f}, "
                    f"{restore / peer['restoreMBs']:.2f} |")
    rounds = results["statement"]
    speed = statement_speed(rounds)
    shares = {stage: sum(one["stages"][stage] for one in rounds) / sum(one["seconds"] for one in rounds)
              for stage in rounds[0]["stages"]}
    excp = results["varve"]["excp 0"]
    text += ["", "| ExCP, all cores | ratio | compress | Varve's speed to it |", "|---|---|---|---|",
             f"| `--method excp`, delta | {excp[0]['lastRatio']:.1f}x | "
             f"{median(excp, 'deltaMegabytesPerSecond'):.0f} | |",
             f"| NumPy, faiss, LZMA | {rounds[0]['bytes'] / rounds[0]['stored']:.1f}x | {speed:.1f} | "
             f"{median(excp, 'deltaMegabytesPerSecond') / speed:.0f} |",
             "", "Of its time: " + ", ".join(f"{stage} {share:.0%}" for stage, share in shares.items()) + ". Samples: "
             + "; ".join(f"{name}: {sample}" for name, sample in results["samples"].items()) + "."]
    modes = {name: sorted(set(chosen.values())) for name, chosen in results["modes"].items()}
    text.append("Modes: " + "; ".join(f"{name}: {', '.join(chosen)}" for name, chosen in modes.items()) + ".")
    return "\n".join(text)


def wanted_table(results):
    """(what, wanted, seen, of that the steps after the keyframe, unit)"""
    found = results["varve"]
    def compressed(name):
        rows = found.get(name, [])
        return compress_speed(rows), median(rows, "deltaMegabytesPerSecond")

    peak = max(row["peakBytes"] for rows in found.values() for row in rows) / 1e6
    lines = [("excp, compress", 600, *compressed("excp 0"), "MB/s"),
             ("balanced, compress", 150, *compressed("balanced 0"), "MB/s"),
             ("balanced, low effort, compress", 500, *compressed("balanced:low 0"), "MB/s"),
             ("balanced, restore the step after a keyframe", 400, restore_speed(results["two"]), None, "MB/s"),
             ("lossless, compress", 400, *compressed("lossless 0"), "MB/s"),
             ("lossless, restore", 500, restore_speed(found["lossless 0"]), None, "MB/s"),
             ("peak memory, at most", 1500, peak, None, "MB")]
    if "statement" in results:
        times = median(found["excp 0"], "deltaMegabytesPerSecond") / statement_speed(results["statement"])
        lines.insert(1, ("excp, times the speed of NumPy, faiss and LZMA", 20, times, None, ""))
    text = ["| | wanted | seen |", "|---|---|---|"]
    for what, wanted, seen, delta, unit in lines:
        cell = "not measured" if seen is None else f"{seen:.0f} {unit}".strip()
        cell += "" if delta is None else f" (steps after the keyframe: {delta:.0f})"
        text.append(f"| {what} | {wanted} {unit}".rstrip() + f" | {cell} |")
    return "\n".join(text)


def text(results):
    parts = [f"MB/s of checkpoint by the clock, medians of {len(results['two'])} rounds; run: {results['described']}.",
             varve_table(results["varve"])]
    if "peers" in results:
        parts.append(peers_table(results))
    return "\n\n".join([*parts, wanted_table(results)])
