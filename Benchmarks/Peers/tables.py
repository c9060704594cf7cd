"""The results as Markdown, and who is ahead."""
VARVE = "**Varve**"
MUST_BE_SLOWER = ("pcodec 8", "pcodec 8, key differences")
NAMES = {"weight": "weights", "firstMoment": "first moments", "secondMoment": "second moments"}


def ratio(original, stored):
    return original / stored if stored else None


def cell(value, leading=False, digits=3):
    if value is None:
        return "not exact"
    return f"**{value:.{digits}f}**" if leading else f"{value:.{digits}f}"


def table(title, columns, lines):
    """Markdown: `lines` are (name, {column: value}); the largest value of each column is bold."""
    best = {c: max((values[c] for _, values in lines if values.get(c)), default=None) for c in columns}
    text = [f"| {title} | " + " | ".join(str(c) for c in columns) + " |", "|---|" + "---|" * len(columns)]
    for name, values in lines:
        cells = [cell(values[c], values[c] == best[c]) if c in values else "" for c in columns]
        text.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def lines(results, rows, columns):
    """(name, {column: ratio}) of Varve and each row; `columns`: {heading: key of results}."""
    made = []
    for name in [VARVE, *(row.name for row in rows)]:
        values = {heading: ratio(results[key]["original"], results[key]["stored"][name])
                  for heading, key in columns.items() if name in results[key]["stored"]}
        if values:
            made.append((name, values))
    return made


def totals(results, rows, steps):
    """All roles together, of each peer with the better mode for every role: (name, {step: ratio})."""
    made = []
    peers = list(dict.fromkeys(row.peer for row in rows))
    for peer in [VARVE, *peers]:
        names = [peer] if peer == VARVE else [row.name for row in rows if row.peer == peer]
        values = {}
        for heading, keys in steps.items():
            stored = [min((results[key]["stored"][n] for n in names if results[key]["stored"].get(n)), default=None)
                      for key in keys]
            if None not in stored:
                values[heading] = ratio(sum(results[key]["original"] for key in keys), sum(stored))
        if values:
            made.append((peer if peer == VARVE else f"{peer}, best mode of each role", values))
    return made


def behind(results, rows):
    """Where a peer that counts stores no more bytes than Varve, in words; and in how many comparisons none does."""
    found, compared = [], 0
    for (what, step, role), entry in results.items():
        own = entry["stored"].get(VARVE)
        peers = [(entry["stored"][row.name], row.name) for row in rows if row.counts and entry["stored"].get(row.name)]
        if own is None or not peers:
            continue
        compared += 1
        stored, name = min(peers)
        if stored <= own:
            found.append(f"{what}, step {step}, {NAMES[role]}: {name} {ratio(entry['original'], stored):.3f}, "
                         f"Varve {ratio(entry['original'], own):.3f}")
    return found, compared


def slower(speeds):
    """Whether Varve compresses weights in memory no faster than pcodec 8 with its defaults, in words."""
    own = speeds.get(VARVE, {}).get("weights")
    return [f"compressing weights: {name} {speeds[name]['weights'][0]:.0f} MB/s, Varve {own[0]:.0f} MB/s"
            for name in MUST_BE_SLOWER if own and name in speeds and speeds[name]["weights"][0] >= own[0]]


def wanted(speeds):
    """Varve's speed beside what is asked of it."""
    compress, restore = speeds[VARVE]["weights"]
    others = ", ".join(f"{name} {speeds[name]['weights'][0]:.0f}" for name in MUST_BE_SLOWER if name in speeds)
    return (f"Weights after their predecessor: compressed at {compress:.0f} MB/s ({others}), "
            f"restored at {restore:.0f} MB/s (150 or more wanted).\n")


def speed_table(speeds, step, columns):
    text = [f"| step {step}, compress / restore, MB/s | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, found in speeds.items():
        cells = [f"{found[c][0]:.0f} / {found[c][1]:.0f}" if c in found else "" for c in columns]
        text.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"
