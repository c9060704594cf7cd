"""The results as a table: on the terminal and in Markdown."""
HEADER = ("optimizer", "states", "stored", "deltas", "in all", "lossless deltas", "lossless in all", "loss", "restored",
          "control")
SMALL = 0.02                                             # of the model's parameters: such states are only named
RARE = 0.05                                              # of a state's elements: such a way of storing is left out


def ratio(value):
    return "-" if value is None else f"{value:.1f}x" if value < 99.95 else f"{value:.0f}x"


def state_text(state, parameters):
    """A state's name; its size over that of the model and its type where they are not as usual."""
    share, facts = state["elements"] / parameters, []
    if not 0.9 < share < 1.1:
        facts.append(f"{share:.2g} of the weights' size")
    types = [one for one, count in state["types"].items() if count > RARE * state["elements"]]
    if types != ["float32"]:
        facts.append(" and ".join(types))
    return f"`{state['name']}`" + (f" ({'; '.join(facts)})" if facts else "")


def large(row):
    return [state for state in row["states"] if state["elements"] > SMALL * row["parameters"]]


def states(row):
    """All states of an optimizer: those that take room, then the names of small ones."""
    big = [state_text(state, row["parameters"]) for state in large(row) if state["name"] != "weights"]
    small = [f"`{state['name']}`" for state in row["states"] if state not in large(row)]
    return ", ".join(big) + (("; " if big else "") + "small: " + ", ".join(small) if small else "") or "none"


def stored(row):
    """How the weights and each state that takes room are stored, and the ratio of each in the last checkpoint."""
    by_way, weights = {}, []
    for state in large(row):
        own = [ratio(state["original"] / state["stored"])] if state["stored"] else []
        for way, elements in state["ways"].items():
            share = elements / state["elements"]
            if share < RARE:
                continue
            facts = [*own, f"({share:.0%})"] if share < 1 - RARE else own
            if state["name"] == "weights":
                weights.append(" ".join(["quantized" if way == "as weights" else way, *facts]))
            else:
                by_way.setdefault(way, []).append(" ".join([f"`{state['name']}`", *facts]))
    ways = (f"{way}: {', '.join(names)}" for way, names in by_way.items())
    return "; ".join([f"weights {' and '.join(weights)}", *ways])


def cells(row):
    balanced, lossless = row["balanced"], row["lossless"]
    return (row["title"], states(row), stored(row), ratio(balanced["deltas"]),
            ratio(balanced["all"]), ratio(lossless["deltas"]), ratio(lossless["all"]),
            *(f"{row[key][1]:.4f}" for key in ("original", "restored", "control")))


def markdown(found):
    facts = ", ".join(f"{name} {value}" for name, value in found["versions"].items())
    lines = [f"{facts}; seed {found['seed']}.", "", "| " + " | ".join(HEADER) + " |",
             "|---|---|---|" + "---:|" * (len(HEADER) - 3)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in found["rows"]]
    for heading, key in (("Not run", "notRun"), ("Failed", "failed")):
        if found[key]:
            lines += ["", f"{heading}:", "", *(f"- {title}: {reason}" for title, reason in found[key].items())]
    return "\n".join(lines) + "\n"


def text(found):
    """For a terminal: figures first, because what is stored how is long."""
    order = (0, 3, 4, 5, 6, 7, 8, 9, 2)
    lines = [[line[i].replace("`", "") for i in order] for line in (HEADER, *map(cells, found["rows"]))]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(
        cell if i == len(order) - 1 else cell.rjust(width) if i else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(line, widths))) for line in lines)
