"""How time grows: with parameters, with steps, with threads; and with the length of the chain that is restored."""
import os
import shutil
import statistics

from tool import benched, timed

QUALITIES = "excp,balanced,lossless"
LAYERS = (1, 4, 16)
STEPS = (5, 10, 20)
CHECKPOINTS = 3


def figures(rows, name, value):
    """A line for each quality."""
    return [{"quality": quality, name: value, "bytes": row["originalBytes"], "seconds": row["compress"]["seconds"],
             "processorSeconds": row["compress"]["processorSeconds"],
             "restoreSeconds": row["restore"]["seconds"]} for quality, row in rows.items()]


def parameters_of(run):
    folder = os.path.join(run, sorted(os.listdir(run))[0])
    return os.path.getsize(os.path.join(folder, "model.safetensors")) // 4


def tables(given, made, say):
    """{table: [figures]}"""
    found = {"parameters": [], "steps": [], "threads": [], "chain": []}
    longest = max(STEPS)
    runs = {layers: given.run if given.run and layers == max(LAYERS)
            else made(layers, longest if layers == min(LAYERS) else CHECKPOINTS) for layers in LAYERS}
    for layers, run in runs.items():
        say(f"{layers} layers")
        rows = benched(run, given.scratch, "--qualities", QUALITIES, "--limit", CHECKPOINTS)
        found["parameters"] += figures(rows, "parameters", parameters_of(run))
    for count in STEPS:
        say(f"{count} steps")
        rows = benched(runs[min(LAYERS)], given.scratch, "--qualities", QUALITIES, "--limit", count)
        found["steps"] += figures(rows, "steps", count)
    for threads in (1, 2):
        say(f"threads: {threads}")
        rows = benched(runs[LAYERS[1]], given.scratch, "--qualities", QUALITIES, "--limit", CHECKPOINTS, "--threads",
                       threads)
        found["threads"] += figures(rows, "threads", threads)
    say("a chain restored")
    found["chain"] = chain(runs[min(LAYERS)], given.scratch)
    return found


def chain(run, scratch, rounds=3):
    """Seconds that restoring the step after the keyframe takes, and the last one."""
    numbers = sorted(int(name.split("-")[1]) for name in os.listdir(run) if name.startswith("checkpoint-"))
    archive, output = os.path.join(scratch, "chain.varve"), os.path.join(scratch, "chain-restored")
    for path in (archive, output):
        shutil.rmtree(path, ignore_errors=True)
    found = []
    try:
        timed("compress", run, archive, "--quiet")
        taken = {place: [] for place in (2, len(numbers))}
        for _ in range(rounds):
            for place, seconds in taken.items():
                used = timed("restore", archive, "--step", numbers[place - 1], "--output", output, "--quiet")
                seconds.append(used.seconds)
                shutil.rmtree(output)
        for place, seconds in taken.items():
            found.append({"place": place, "seconds": statistics.median(seconds)})
    finally:
        for path in (archive, output):
            shutil.rmtree(path, ignore_errors=True)
    return found


def table(rows, name, show):
    qualities = QUALITIES.split(",")
    text = [f"| {name} | " + " | ".join(f"{quality}: seconds, MB/s, per core" for quality in qualities) + " |",
            "|---|" + "---|" * len(qualities)]
    for value in dict.fromkeys(row[name] for row in rows):
        cells = []
        for quality in qualities:
            row = next(row for row in rows if row[name] == value and row["quality"] == quality)
            megabytes = row["bytes"] / 1e6
            cells.append(f"{row['seconds']:.2f}, {megabytes / row['seconds']:.0f}, "
                         f"{megabytes / row['processorSeconds']:.0f}")
        text.append(f"| {show(value)} | " + " | ".join(cells) + " |")
    return "\n".join(text)


def text(found):
    parts = ["Compressing: seconds by the clock, MB/s, MB for each second of a processor. Linear is the same MB/s on "
             "every line of a column.",
             table(found["parameters"], "parameters", lambda count: f"{count / 1e6:.1f} M"),
             table(found["steps"], "steps", str), table(found["threads"], "threads", str)]
    by = {(row["threads"], row["quality"]): row["seconds"] for row in found["threads"]}
    parts.append("Two threads to one: " + ", ".join(
        f"{quality} {by[1, quality] / by[2, quality]:.2f}" for quality in QUALITIES.split(",")) + " (1.7 wanted).")
    first, last = found["chain"]
    parts.append(f"Balanced, restoring step {first['place']} of the chain: {first['seconds']:.2f} s, step "
                 f"{last['place']}: {last['seconds']:.2f} s, {last['seconds'] / first['seconds']:.1f} times (8 "
                 "wanted).")
    return "\n\n".join(parts)
