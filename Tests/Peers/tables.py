"""The results as Markdown, and who is ahead."""
VARVE = "**Varve**"
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
    """Where a peer that counts stores no more bytes than Varve, in words."""
    found = []
    for (what, step, role), entry in results.items():
        own = entry["stored"].get(VARVE)
        for row in rows:
            stored = entry["stored"].get(row.name)
            if own is not None and row.counts and stored is not None and stored <= own:
                found.append(f"{what}, step {step}, {NAMES[role]}: {row.name} "
                             f"{ratio(entry['original'], stored):.3f}, Varve {ratio(entry['original'], own):.3f}")
    return found


def speed_table(found):
    text = ["| MB/s of original bytes, one core | compress | restore |", "|---|---|---|"]
    text += [f"| {name} | {compress:.0f} | {restore:.0f} |" for name, (compress, restore) in found.items()]
    return "\n".join(text) + "\n"
