"""The plot: ratio against loss increase, one panel a model, one curve a method; an SVG for light and dark pages."""
import math
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BETWEEN, BELOW = 270, 210, 64, 64, 22, 78
LINEAR = 0.002                                           # up to here the axis is linear, beyond it logarithmic
INCREASES = (-1, -0.3, -0.1, -0.03, -0.01, -0.003, 0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
MEASURES = (("meanAtOnce", "right after restoring"), ("afterResuming", "after 40 steps"))

STYLE = """
text { font: 11px system-ui, sans-serif; fill: #3d444d; }
.title { font-size: 13px; font-weight: 600; fill: #1f2328; }
.grid { stroke: #d1d9e0; stroke-width: 1; } .zero { stroke: #818b98; stroke-width: 1; }
.curve { fill: none; stroke-width: 2; } .point { stroke: none; } .mark { font-size: 10px; }
.excp { stroke: #bc4c00; } .excp.point, .excp.mark { fill: #bc4c00; stroke: none; }
.transform { stroke: #0969da; } .transform.point, .transform.mark { fill: #0969da; stroke: none; }
@media (prefers-color-scheme: dark) {
text { fill: #b7bdc8; } .title { fill: #f0f6fc; } .grid { stroke: #3d444d; } .zero { stroke: #9198a1; }
.excp { stroke: #f0883e; } .excp.point, .excp.mark { fill: #f0883e; stroke: none; }
.transform { stroke: #58a6ff; } .transform.point, .transform.mark { fill: #58a6ff; stroke: none; }
}"""


def bent(increase):
    return math.asinh(increase / LINEAR)


class Axes:
    """Where ratios and loss increases lie in a panel."""

    def __init__(self, rows):
        ratios = [row["chainRatio"] for row in rows]
        self.low, self.high = math.log(min(ratios) / 1.8), math.log(max(ratios) * 1.5)
        increases = [row[key] for row in rows for key, _ in MEASURES] + [0, 0.01]
        self.bottom, self.top = bent(min(increases)) - 0.35, bent(max(increases)) + 0.5

    def x(self, ratio):
        return (math.log(ratio) - self.low) / (self.high - self.low) * WIDTH

    def y(self, increase):
        return (self.top - bent(increase)) / (self.top - self.bottom) * HEIGHT

    def ratio_ticks(self):
        ticks = [m * 10**e for e in range(6) for m in (1, 2, 5)]
        return [t for t in ticks if self.low <= math.log(t) <= self.high]

    def increase_ticks(self):
        return [d for d in INCREASES if self.bottom <= bent(d) <= self.top]


def panel(axes, rows, key, families, left, labelled):
    """Grid, curves and points of one panel, drawn from its own corner."""
    for increase in axes.increase_ticks():
        y = axes.y(increase)
        yield f'<line class="{"grid" if increase else "zero"}" x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        if left:
            yield f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{increase:g}</text>'
    for ratio in axes.ratio_ticks():
        x = axes.x(ratio)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/>'
        if labelled:
            yield f'<text x="{x:.1f}" y="{HEIGHT + 16}" text-anchor="middle">{ratio}</text>'
    for family in ("excp", "transform"):
        curve = sorted((row["chainRatio"], row[key], families[row["method"]][1])
                       for row in rows if families[row["method"]][0] == family)
        points = [(axes.x(ratio), axes.y(increase), label) for ratio, increase, label in curve]
        yield f'<polyline class="curve {family}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)}"/>'
        across, down, anchor = (-7, 3, "end") if family == "excp" else (6, 13, "start")
        for x, y, label in points:
            yield f'<circle class="point {family}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
            yield (f'<text class="mark {family}" x="{x + across:.1f}" y="{y + down:.1f}" text-anchor="{anchor}">'
                   f'{escape(label)}</text>')


def svg(found):
    """The whole plot; rows whose loss increase is no number are left out."""
    rows = [row for row in found["lossIncrease"] if all(math.isfinite(row[key]) for key, _ in MEASURES)]
    models = [name for name, model in found["models"].items()
              if not model["tuned"] and any(row["model"] == name for row in rows)]
    rows = [row for row in rows if row["model"] in models]
    width = LEFT + len(models) * (WIDTH + BETWEEN)
    height = TOP + len(MEASURES) * (HEIGHT + BETWEEN) + BELOW - BETWEEN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'role="img">', "<title>Compression ratio against loss increase</title>", f"<style>{STYLE}</style>"]
    if not rows:
        return "\n".join(out + ["</svg>", ""])
    axes = Axes(rows)
    for i, name in enumerate(models):
        own, x = [row for row in rows if row["model"] == name], LEFT + i * (WIDTH + BETWEEN)
        out.append(f'<text class="title" x="{x}" y="{TOP - 12}">{escape(name)}</text>')
        for j, (key, _) in enumerate(MEASURES):
            out.append(f'<g transform="translate({x} {TOP + j * (HEIGHT + BETWEEN)})">')
            out += panel(axes, own, key, found["families"], not i, j == len(MEASURES) - 1)
            out.append("</g>")
    for j, (_, text) in enumerate(MEASURES):
        middle = TOP + j * (HEIGHT + BETWEEN) + HEIGHT / 2
        out.append(f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">'
                   f'loss increase {text} (nats)</text>')
    out.append(f'<text x="{(LEFT + width) / 2:.0f}" y="{height - 40}" text-anchor="middle">'
               "chain ratio: original / stored bytes of weights and moments after the keyframe (log)</text>")
    x = LEFT
    for family in sorted({found["families"][row["method"]][0] for row in rows}):
        out.append(f'<line class="curve {family}" x1="{x}" x2="{x + 24}" y1="{height - 16}" y2="{height - 16}"/>'
                   f'<text x="{x + 30}" y="{height - 12}">method {family}</text>')
        x += 130
    return "\n".join(out + ["</svg>", ""])
