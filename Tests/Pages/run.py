#!/usr/bin/env python3
"""Pages in a real browser, without a window: `make pages-test` calls it.

VARVE=PROGRAM Tests/Pages/run.py [--output FOLDER] [NAME...]

Makes runs of 10, 300 and 20,000 tensors and one with hostile names, compresses them, writes their pages and opens each in
Chromium at 360, 1280 and 2560 pixels, light, dark, on paper and without script. It fails if the console says anything, if
the page asks the network for anything, if it is wider than the window, if its sums are not those of `report --json`, or if
20,000 tensors take 3 s or 5 MB. Screenshots are for people: look at them.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import browser
import runs

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARVE = str(ROOT / os.environ.get("VARVE", ".build/release/varve"))
WIDTHS = (360, 1280, 2560)
MOST_SECONDS, MOST_BYTES = 3.0, 5_000_000
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}")


def varve(*arguments):
    done = subprocess.run([VARVE, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"varve {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def opened(tab, name, page, width, **how):
    """Opens a page and checks what holds of every page."""
    seconds = tab.open(page, width, **how)
    what = f"{name} at {width} {how or ''}"
    for problem in tab.problems():
        check(False, f"{what}: the console says {problem}")
    check(not tab.requests(), f"{what}: asked for {tab.requests()}")
    if how.get("script", True):
        wide = tab.run("document.documentElement.scrollWidth")
        check(wide <= width, f"{what}: {wide} pixels wide")
    return seconds


def check_sums(tab, name, archive):
    """What the script adds up is what the report says."""
    report = json.loads(varve("report", archive, "--by", "tensor", "--json"))
    total, tensors = report["total"]["storedBytes"], report["steps"]
    stored = sum(tensor["storedBytes"] for step in tensors for tensor in step["tensors"])
    said = tab.run("({...document.getElementById('table-says').dataset})")
    check(int(said["stored"]) == stored, f"{name}: tensors of {said['stored']} bytes instead of {stored}")
    check(int(said["total"]) == total, f"{name}: {said['total']} bytes instead of {total}")
    drawn = int(tab.run("document.getElementById('treemap').dataset.bytes"))
    check(drawn == total, f"{name}: a treemap of {drawn} bytes instead of {total}")
    names = tab.run("""(() => { document.getElementById('table-flat').click();
        const more = document.getElementById('table-more'); while (!more.hidden) more.click();
        const count = document.querySelectorAll('#tensor-table tbody tr').length;
        document.getElementById('table-flat').click(); return count; })()""") if stored and len(tensors) < 10 else None
    identities = {(tensor["name"], tensor["role"], tensor["key"]) for step in tensors for tensor in step["tensors"]}
    if names is not None and len(identities) <= 2000:
        check(names == len(identities), f"{name}: {names} lines of tensors instead of {len(identities)}")


def check_table(tab, name):
    """Sorting by keyboard, searching, folding, exporting."""
    tab.run("document.querySelectorAll('#tensor-table thead button')[4].focus()")
    tab.press("Enter", 13)
    order = tab.run("document.querySelectorAll('#tensor-table th')[4].ariaSort")
    check(order == "descending", f"{name}: sorted {order}")
    before = tab.run("document.querySelectorAll('#tensor-table tbody tr').length")
    tab.run("document.querySelector('#tensor-table button.fold')?.click()")
    after = tab.run("document.querySelectorAll('#tensor-table tbody tr').length")
    folds = tab.run("document.querySelectorAll('#tensor-table button.fold').length")
    check(not folds or before != after, f"{name}: folding changes nothing")
    text = tab.run("""new Promise((done) => {
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then(done); return make.call(URL, blob); };
        HTMLAnchorElement.prototype.click = () => {};
        document.getElementById('table-export').click(); })""")
    said = tab.run("document.getElementById('table-says').textContent")
    check(text.startswith("name,key,role"), f"{name}: exported {text[:60]!r} of {said}")
    tab.run("""(() => { const box = document.getElementById('table-search'); box.value = 'no such tensor';
        box.dispatchEvent(new Event('input')); })()""")
    tab.run("new Promise((done) => setTimeout(done, 400))")
    left = tab.run("document.querySelectorAll('#tensor-table tbody tr').length")
    check(left == 0, f"{name}: {left} lines where nothing is found")


def check_views(tab, name):
    """Every measure and role of the heat map, the treemap one level down."""
    tab.run("""for (const id of ['heat-measure', 'heat-role']) {
        const box = document.getElementById(id);
        for (const option of box.options) { box.value = option.value; box.dispatchEvent(new Event('change')); }
        box.value = box.options[0].value; box.dispatchEvent(new Event('change'));
    }
    document.getElementById('heat-open').click();
    document.querySelector('#treemap g[tabindex]')?.dispatchEvent(new MouseEvent('click', { bubbles: true }));""")
    check(tab.run("document.querySelectorAll('#heat .strip').length") > 3, f"{name}: no lines in the heat map")
    for problem in tab.problems():
        check(False, f"{name}: after clicks the console says {problem}")


def check_page(tab, name, archive, page, output):
    size = page.stat().st_size
    seconds = max(opened(tab, name, page, 1280) for _ in range(1))
    print(f"{name}: {size / 1e6:.2f} MB, drawn in {seconds:.2f} s")
    check(size < MOST_BYTES, f"{name}: {size} bytes")
    check(seconds < MOST_SECONDS, f"{name}: {seconds:.2f} s")
    check_sums(tab, name, archive)
    check_views(tab, name)
    check_table(tab, name)
    for width in WIDTHS:
        opened(tab, name, page, width)
        tab.screenshot(output / f"{name}-{width}.png")
    opened(tab, name, page, 1280, dark=True)
    tab.screenshot(output / f"{name}-dark.png")
    opened(tab, name, page, 800, media="print")
    tab.screenshot(output / f"{name}-print.png")
    opened(tab, name, page, 1280, script=False)
    tab.screenshot(output / f"{name}-noscript.png")


def archives(folder):
    """Names and archives of the runs."""
    made = {"10": (runs.names(10), 4), "300": (runs.names(300), 30), "20000": (runs.names(20_000), 4),
            "hostile": (runs.HOSTILE, 3)}
    for name, (labels, steps) in made.items():
        yield name, lambda name=name, labels=labels, steps=steps: runs.make(folder / name, labels, steps), folder / name
    yield "trainer", lambda: None, ROOT / "Fixtures" / "hf-trainer-run"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "pages-output")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch, tab = pathlib.Path(scratch), browser.Browser()
        try:
            for name, make, run in archives(scratch):
                if options.names and name not in options.names:
                    continue
                make()
                archive, page = scratch / f"{name}.varve", options.output / f"{name}.html"
                varve("compress", run, archive, "-q", "--keyframe-every", "10")
                varve("report", archive, "--html", page)
                check_page(tab, name, archive, page, options.output)
        finally:
            tab.close()
    print(f"{len(failures)} failures; screenshots in {options.output}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
