"""Runs the commands that README.md and Docs/guide show, and checks the links of every document.

    VARVE=BIN python3 Tests/Docs/check.py [PAGE...] [--update] [--links] [--keep]

A page is read from top to bottom. Every page has a directory of its own, with copies of Fixtures and Scripts,
and `varve` and the Python of .venv first on PATH. A command begins in that directory each time. Blocks that count:

    ```console    Lines that begin with "$ " are commands, run by bash. A backslash or an open "$ ... <<'END'" continues one.
                  The lines below, up to the next command, are what it must print on standard output and standard error.
    ```sh         Commands without output, run in one shell that stops at the first failure.
    ```python     Compiled. If the comment above it is <!-- file: NAME -->, it is written to NAME, and a later command runs it.

Any other block can be a file as well: <!-- file: NAME -->. A shell script gets a check of its syntax.

A comment above a block says why it is not run: <!-- not run: needs Slurm -->. Such blocks are counted and listed.

What a page prints is compared line by line. These parts may differ:

    ...           as a line: any number of lines, or none; inside a line: any text
    times, rates  3.2 s, 41.2 MB/s, a time of day, a date: any other number of the same kind

A command must exit with 0. A page that shows a failing command ends its line with "; echo $?" or "|| true".

--update writes what the commands print now into the pages, and leaves lines with "..." as they are. --links checks links only.
"""
import argparse
import concurrent.futures as futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import links
import matching

LIMIT = 300                                                # seconds for one command
STAMP = 1_750_000_000
COPIED = ("Fixtures", "Scripts")


@dataclass
class Block:
    """A fenced block: its language, the comment above it, and its lines by number (of the opening fence, from 0)."""
    language: str
    comment: str
    first: int
    lines: list = field(default_factory=list)


def blocks(text):
    """All fenced blocks of a page."""
    found, current, above = [], None, ""
    for number, line in enumerate(text.split("\n")):
        if current is None and (match := re.match(r"```(\w*)\s*$", line)):
            current = Block(match[1], above, number)
        elif current is not None and line.startswith("```"):
            found.append(current)
            current, above = None, ""
        elif current is not None:
            current.lines.append(line)
        elif line.strip():
            comment = re.fullmatch(r"\s*<!--\s*(.*?)\s*-->\s*", line)
            above = comment[1] if comment else ""
    return found


@dataclass
class Command:
    """A command of a console block, what the page prints below it, and where that stands in the block."""
    text: str
    output: list
    first: int


def commands(block):
    found, index, lines = [], 0, block.lines
    while index < len(lines):
        line = lines[index]
        index += 1
        if not line.startswith("$ "):
            found[-1].output.append(line) if found else None
            continue
        text = [line[2:]]
        end = re.search(r"<<'?(\w+)'?", line)
        while index < len(lines) and (text[-1].endswith("\\") or (end and text[-1] != end[1])):
            text.append(lines[index])
            index += 1
        found.append(Command("\n".join(text), [], index))
    return found


class Page:
    def __init__(self, path, options):
        self.path, self.options = path, options
        self.name = os.path.relpath(path, ROOT)
        self.text = open(path, encoding="utf-8").read()
        self.failures, self.skipped, self.ran, self.files = [], [], 0, 0
        self.replacements = []                             # (block, first line of output, old lines, new lines)

    def fail(self, block, what):
        self.failures.append(f"{self.name}:{block.first + 1}: {what}")

    def run(self, directory, environment):
        for block in blocks(self.text):
            if block.comment.startswith("not run:"):
                self.skipped.append((block, block.comment.removeprefix("not run:").strip()))
                self.syntax(block, os.path.join(directory, "unused"))
                continue
            if block.comment.startswith("file:"):
                self.write(block, directory)
            elif block.language == "console":
                for command in commands(block):
                    self.execute(block, command, directory, environment)
            elif block.language in ("sh", "bash"):
                self.execute(block, Command("set -e\n" + "\n".join(block.lines), None, 0), directory, environment)
            elif block.language == "python":
                self.syntax(block, None)
        if self.options.update:
            self.update()

    def write(self, block, directory):
        path = os.path.join(directory, block.comment.removeprefix("file:").strip())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(block.lines) + "\n")
        self.files += 1
        self.syntax(block, path)

    def syntax(self, block, path):
        if block.language == "python":
            try:
                compile("\n".join(block.lines), self.name, "exec")
            except SyntaxError as error:
                self.fail(block, f"not Python: {error}")
        elif block.language in ("sh", "bash"):
            result = subprocess.run(["bash", "-n"], input="\n".join(block.lines), text=True, stderr=subprocess.PIPE)
            if result.returncode:
                self.fail(block, result.stderr.strip())

    def execute(self, block, command, directory, environment):
        self.ran += 1
        began = time.monotonic()
        try:
            result = subprocess.run(["bash", "-c", command.text], cwd=directory, env=environment,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    text=True, errors="replace", timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return self.fail(block, f"$ {command.text}\n  did not end in {LIMIT} s")
        if self.options.verbose:
            print(f"{time.monotonic() - began:6.1f} s  {self.name}: {command.text.splitlines()[-1][:90]}", flush=True)
        actual = result.stdout.rstrip("\n").split("\n") if result.stdout.strip() else []
        if result.returncode:
            self.fail(block, f"$ {command.text}\n  exit {result.returncode}\n" + "\n".join(actual[-20:]))
        elif command.output is not None:
            expected = list(command.output)
            while expected and not expected[-1].strip():
                expected.pop()
            if not matching.matches(expected, actual):
                self.differs(block, command, expected, actual)

    def differs(self, block, command, expected, actual):
        if self.options.update:
            new = matching.renewed(expected, actual)
            if new is not None:
                self.replacements.append((block.first + 1 + command.first, len(expected), new))
                return
        self.fail(block, f"$ {command.text}\n" + matching.difference(expected, actual))

    def update(self):
        lines = self.text.split("\n")
        for first, count, new in sorted(self.replacements, reverse=True):
            lines[first:first + count] = new
        if self.replacements:
            with open(self.path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            print(f"{self.name}: {len(self.replacements)} outputs renewed")


def environment(scratch, binary):
    """PATH begins with `varve` and .venv's Python; nothing of the caller's settings changes what is printed."""
    tools = os.path.join(scratch, "tools")
    os.mkdir(tools)
    os.symlink(binary, os.path.join(tools, "varve"))
    venv = os.path.join(ROOT, ".venv", "bin")
    home = os.path.join(scratch, "home")
    os.mkdir(home)
    changed = {"PATH": os.pathsep.join([tools, venv, os.environ["PATH"]]), "HOME": home, "LC_ALL": "C.UTF-8",
               "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore", "TMPDIR": scratch}
    dropped = ("VARVE", "SLURM_", "COLUMNS", "XDG_", "HF_HOME")
    return {**{key: value for key, value in os.environ.items() if not key.startswith(dropped)}, **changed}


def in_directory(page, scratch, settings, keep):
    """Runs a page in a directory of its own. Files have one time, because an archive stores times."""
    directory = os.path.join(scratch, os.path.basename(page.path))
    for name in COPIED:
        shutil.copytree(os.path.join(ROOT, name), os.path.join(directory, name), symlinks=True)
    for folder, names, files in os.walk(directory):
        for name in names + files:
            os.utime(os.path.join(folder, name), (STAMP, STAMP), follow_symlinks=False)
    page.run(directory, settings)
    if not keep:
        shutil.rmtree(directory, ignore_errors=True)
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="only these pages (README.md and all of Docs/guide)")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--links", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the directories in which commands ran")
    parser.add_argument("--jobs", type=int, default=2, help="pages at a time (2)")
    parser.add_argument("--verbose", action="store_true", help="each command with its time")
    options = parser.parse_args()
    binary = os.path.abspath(os.environ.get("VARVE", os.path.join(ROOT, ".build", "release", "varve")))

    began = time.monotonic()
    checked, failures, pending = links.check(ROOT)
    print(f"links: {checked} in {len(links.documents(ROOT))} documents, {len(failures)} dead")
    for name in pending:
        print(f"  not there yet: {name}")
    paths = [os.path.abspath(page) for page in options.pages] or [os.path.join(ROOT, "README.md")] + [
        os.path.join(ROOT, "Docs", "guide", name) for name in sorted(os.listdir(os.path.join(ROOT, "Docs", "guide")))
        if name.endswith(".md")]
    if os.path.join(ROOT, "README.md") in paths:
        count = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read().count("\n")
        if count > 109:
            failures.append(f"README.md has {count} lines, more than 109")
    if not options.links:
        if not os.access(binary, os.X_OK):
            sys.exit(f"docs-test: there is no program {binary}; make build, or VARVE=BIN")
        scratch = tempfile.mkdtemp(prefix="varve-docs-")
        settings = environment(scratch, binary)
        pages = [Page(path, options) for path in paths]
        work = futures.ThreadPoolExecutor(options.jobs)
        for page in work.map(lambda page: in_directory(page, scratch, settings, options.keep), pages):
            failures += page.failures
            print(f"{page.name}: {page.ran} commands, {page.files} files, {len(page.skipped)} blocks not run, "
                  f"{len(page.failures)} failures", flush=True)
            for block, reason in page.skipped:
                print(f"  line {block.first + 1} not run: {reason}")
        if options.keep:
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
        print(f"{len(pages)} pages, {sum(page.ran for page in pages)} commands run, "
              f"{sum(len(page.skipped) for page in pages)} blocks not run, {len(failures)} failures, "
              f"{time.monotonic() - began:.0f} s")
    for failure in failures:
        print("\n" + failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
