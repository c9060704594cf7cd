#!/usr/bin/env python3
"""Draws the picture of README.md from an archive: bytes of each step, original beside stored.

    varve compress Fixtures/hf-trainer-run run.varve
    varve list run.varve --json | python3 Scripts/picture.py > Docs/guide/steps.svg

The colours follow the reader's light or dark mode. Standard library only.
"""
import json
import sys

STYLE = """
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
  .small { font-size: 12px; fill: #57606a; }
  .original { fill: #afb8c1; }
  .stored { fill: #0969da; }
  .axis { stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .original { fill: #57606a; }
    .stored { fill: #4493f8; }
    .axis { stroke: #3d444d; }
  }
"""
LEFT, RIGHT, TOP, ROW, BAR = 96, 150, 46, 44, 14
WIDTH = 720


def bytes_text(count):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:#.3g}".rstrip(".") + " " + unit
    return f"{count} B"


def bar(x, y, width, kind):
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{words}</text>'


def picture(steps):
    original, stored = (sum(step[key] for step in steps) for key in ("originalBytes", "storedBytes"))
    scale = (WIDTH - LEFT - RIGHT) / max(step["originalBytes"] for step in steps)
    height = TOP + ROW * len(steps) + 12
    words = f"{len(steps)} checkpoints: {bytes_text(original)} as files, {bytes_text(stored)} in the archive"
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{words}">',
             f"<style>{STYLE}</style>", text(LEFT, 22, words),
             f'<line class="axis" x1="{LEFT - 0.5}" x2="{LEFT - 0.5}" y1="{TOP - 8}" y2="{height - 10}"/>']
    for index, step in enumerate(steps):
        y = TOP + ROW * index
        one, other = step["originalBytes"] * scale, step["storedBytes"] * scale
        lines += [text(LEFT - 10, y + BAR + 5, f'step {step["step"]}', anchor="end"),
                  bar(LEFT, y, one, "original"),
                  text(LEFT + one + 8, y + BAR - 3, bytes_text(step["originalBytes"]), "small"),
                  bar(LEFT, y + BAR + 3, other, "stored"),
                  text(LEFT + other + 8, y + 2 * BAR,
                       f'{bytes_text(step["storedBytes"])}' + (", keyframe" if step["keyframe"] else ""), "small")]
    return "\n".join(lines + ["</svg>"]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(picture(json.load(sys.stdin)["steps"]))
