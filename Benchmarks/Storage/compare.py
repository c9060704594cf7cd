"""Stores a run with Varve and with tools that people use for checkpoints, and prints what each one stores.

    make storage RUN=PATH ARGUMENTS="[--only WORD,WORD] [--scratch DIR] [--commands] [--times]"

The checkpoints of RUN are stored in the order of their steps, one call each, as a training would do it. What counts is the
sum of the sizes of all files in the repository afterwards. Each exact tool gives its last checkpoint back, and every byte is
compared; a difference ends the script with 1. A tool that is not installed has a line that says so.

Debian has restic, borg (borgbackup) and zstd. DVC, hf-xet and ZipNN come from requirements.txt. Nothing uses the network: xet stores into a directory by the client's own `local://` address.
"""
import argparse
import filecmp
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time


class Missing(Exception):
    """The tool is not installed."""


class Wrong(Exception):
    """What came back is not what was stored."""


def size(path):
    return sum(os.lstat(os.path.join(folder, name)).st_size
               for folder, _, names in os.walk(path) for name in names) if os.path.isdir(path) else os.path.getsize(path)


def checkpoints(run):
    """Names in RUN that end in a number, in the order of these numbers."""
    found = [(int(match[1]), name) for name in os.listdir(run) if (match := re.search(r"(\d+)\D*$", name))
             and not name.endswith(".json")]
    return [name for _, name in sorted(found)]


class Tool:
    """One line of the table. `shown` is the command as a reader would type it."""
    name, shown, exact = "", "", True

    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        self.store = os.path.join(scratch, "store")
        self.run_path = os.path.abspath(options.run)
        self.names = checkpoints(self.run_path)

    def call(self, *command, cwd=None, **environment):
        program = command[0]
        beside = os.path.join(os.path.dirname(sys.executable), program)     # a tool of the virtual environment
        command = (beside if os.path.exists(beside) else program, *command[1:])
        if shutil.which(command[0]) is None:
            raise Missing(os.path.basename(program))
        result = subprocess.run(command, cwd=cwd or self.run_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment})
        if result.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout[-2000:]}")
        return result.stdout

    def python(self, module):
        if importlib.util.find_spec(module) is None:
            raise Missing(module)

    def compare(self, restored, name=None):
        """Every byte of the newest checkpoint."""
        original = os.path.join(self.run_path, name or self.names[-1])
        pairs = [(original, restored)] if os.path.isfile(original) else [
            (os.path.join(folder, file), os.path.join(restored, os.path.relpath(os.path.join(folder, file), original)))
            for folder, _, files in os.walk(original) for file in files]
        for one, other in pairs:
            if not os.path.isfile(other) or not filecmp.cmp(one, other, shallow=False):
                raise Wrong(f"{self.name}: {other} differs from {one}")


class Varve(Tool):
    def __init__(self, options, scratch, quality):
        super().__init__(options, scratch)
        self.quality, self.exact = quality, quality == ["--quality", "lossless"]
        self.name = "Varve, " + (" ".join(quality).removeprefix("--").replace("quality ", "quality ") or "balanced")
        self.shown = " ".join(["varve compress RUN", *quality])

    def add(self):
        self.store = os.path.join(self.scratch, "run.varve")
        self.call(self.options.varve, "compress", self.run_path, self.store, "--quiet", *self.quality)

    def check(self):
        self.call(self.options.varve, "verify", self.store, "--against", self.run_path, "--quiet")


class Zstd(Tool):
    name, shown = "zstd -19 --long=27", "tar -cf - RUN | zstd -19 --long=27"

    def add(self):
        self.call("zstd", "--version")
        self.call("sh", "-c", f'tar -cf - {" ".join(self.names)} | zstd -q -19 --long=27 -o "{self.store}"')

    def check(self):
        out = os.path.join(self.scratch, "out")
        os.mkdir(out)
        self.call("sh", "-c", f'zstd -q -d --long=27 -c "{self.store}" | tar -xf - -C "{out}"')
        self.compare(os.path.join(out, self.names[-1]))


class Restic(Tool):
    name, shown = "restic", "restic backup --compression max CHECKPOINT"
    secret = {"RESTIC_PASSWORD": "x"}

    def restic(self, *arguments):
        return self.call("restic", "-r", self.store, "--no-cache", "-q", *arguments, **self.secret)

    def add(self):
        self.restic("init", "--repository-version", "2")
        for name in self.names:
            self.restic("backup", "--compression", "max", name)

    def check(self):
        out = os.path.join(self.scratch, "out")
        self.restic("restore", "latest", "--target", out)
        self.compare(os.path.join(out, self.names[-1]))


class Borg(Tool):
    name, shown = "borg", "borg create --compression zstd,19 REPO::STEP CHECKPOINT"
    quiet = {"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def borg(self, *arguments, cwd=None):
        return self.call("borg", *arguments, cwd=cwd, BORG_BASE_DIR=os.path.join(self.scratch, "borg"), **self.quiet)

    def add(self):
        self.borg("init", "--encryption", "none", self.store)
        for name in self.names:
            self.borg("create", "--compression", "zstd,19", f"{self.store}::{name}", name)

    def check(self):
        out = os.path.join(self.scratch, "out")
        os.mkdir(out)
        self.borg("extract", f"{self.store}::{self.names[-1]}", cwd=out)
        self.compare(os.path.join(out, self.names[-1]))


class Xet(Tool):
    name, shown = "xet (Hugging Face Hub)", "hf_xet.upload_files(FILES, 'local://STORE', ...)"

    def files(self, name):
        path = os.path.join(self.run_path, name)
        return [path] if os.path.isfile(path) else sorted(
            os.path.join(folder, file) for folder, _, files in os.walk(path) for file in files)

    def add(self):
        self.python("hf_xet")
        import hf_xet
        os.mkdir(self.store)
        self.infos = {}
        for name in self.names:
            files = self.files(name)
            done = hf_xet.upload_files(files, "local://" + self.store, None, None, None, "model")
            self.infos.update(zip(files, done))

    def stored(self):
        """Xorbs and shards are what the Hub would keep; the rest of the directory is the client's index."""
        folder = os.path.join(self.store, "xet", "xorbs")
        return size(os.path.join(folder, "xorbs")) + size(os.path.join(folder, "shards"))

    def check(self):
        import hf_xet
        pairs = [(file, os.path.join(self.scratch, f"{index}")) for index, file in enumerate(self.files(self.names[-1]))]
        wanted = [hf_xet.PyXetDownloadInfo(out, self.infos[file].hash, self.infos[file].file_size) for file, out in pairs]
        hf_xet.download_files(wanted, "local://" + self.store, None, None, None)
        for file, out in pairs:
            if not filecmp.cmp(file, out, shallow=False):
                raise Wrong(f"{self.name}: {file} came back different")


class ZipNN(Tool):
    name, shown = "ZipNN", "ZipNN(bytearray_dtype='float32').compress(FILE), delta if smaller"

    def codec(self, delta):
        import zipnn
        return zipnn.ZipNN(method="auto", input_format="byte", bytearray_dtype="float32", threads=1,
                           delta_compressed_type="byte" if delta else 0)

    def add(self):
        self.python("zipnn")
        self.total = 0
        for before, name in zip([None, *self.names], self.names):
            for file in Xet.files(self, name):
                data = open(file, "rb").read()
                old = before and file.replace(os.sep + name, os.sep + before)
                self.total += self.smallest(data, old and os.path.isfile(old) and open(old, "rb").read())

    def smallest(self, data, old):
        """Bytes of the better of both modes. A file that neither makes smaller is stored as it is."""
        sizes = [len(data)]
        for delta in [False] + [True] * bool(old and len(old) == len(data)):
            if len(data) < 4096:
                break
            second = bytearray(old) if delta else None         # ZipNN reorders its input in place: it gets copies
            blob = bytes(self.codec(delta).compress(bytearray(data), delta_second_data=second))
            back = self.codec(delta).decompress(blob, delta_second_data=bytearray(old) if delta else None)
            if bytes(back) != data:
                raise Wrong(f"{self.name}: a file of {len(data)} bytes came back different")
            sizes.append(len(blob))
        return min(sizes)

    def stored(self):
        return self.total

    def check(self):
        """`smallest` has compared every file."""


class DVC(Tool):
    name, shown = "DVC", "dvc add CHECKPOINT"

    def add(self):
        work = self.store
        os.mkdir(work)
        quiet = dict(cwd=work, DVC_NO_ANALYTICS="1")
        self.call("dvc", "init", "--no-scm", "-q", **quiet)
        for name in self.names:
            source = os.path.join(self.run_path, name)
            (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, os.path.join(work, name))
            self.call("dvc", "add", "-q", name, **quiet)

    def stored(self):
        return size(os.path.join(self.store, ".dvc", "cache"))

    def check(self):
        shutil.rmtree(os.path.join(self.store, self.names[-1]), ignore_errors=True)
        self.call("dvc", "checkout", "-q", self.names[-1] + ".dvc", cwd=self.store, DVC_NO_ANALYTICS="1")
        self.compare(os.path.join(self.store, self.names[-1]))


def tools(options, scratch):
    for quality in ["lossless", "high", None, "small"]:
        yield lambda folder, quality=quality: Varve(options, folder, ["--quality", quality] if quality else [])
    yield lambda folder: Varve(options, folder, ["--method", "excp", "--alpha", "0.01"])
    for kind in [Zstd, Restic, Borg, Xet, ZipNN, DVC]:
        yield lambda folder, kind=kind: kind(options, folder)


def row(tool, original):
    """Stored bytes and seconds of one tool, or why there are none."""
    try:
        began = time.perf_counter()
        tool.add()
        seconds = time.perf_counter() - began
        tool.check()
        stored = tool.stored() if hasattr(tool, "stored") else size(tool.store)
    except Missing as missing:
        return f"| {tool.name} | {missing} is not installed | | |"
    kind = "exact" if tool.exact else "lossy"
    if "--times" in sys.argv:
        kind += f", {seconds:.1f} s"
    return f"| {tool.name} | {stored / 1e6:.2f} MB | {original / stored:.2f}x | {kind} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--varve", default=os.environ.get("VARVE", ".build/release/varve"))
    parser.add_argument("--only", default="", help="only tools whose name has one of these words, with commas between")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--commands", action="store_true", help="a column with the command")
    parser.add_argument("--times", action="store_true", help="seconds of storing, by the clock")
    options = parser.parse_args()
    options.varve = os.path.abspath(shutil.which(options.varve) or options.varve)
    words = [word for word in options.only.lower().split(",") if word]
    original = sum(size(os.path.join(options.run, name)) for name in checkpoints(options.run))
    print(f"{len(checkpoints(options.run))} checkpoints, {original / 1e6:.2f} MB\n")
    print("| stored with | bytes | ratio | |" + (" command |" if options.commands else ""))
    print("|---|---|---|---|" + ("---|" if options.commands else ""))
    for make in tools(options, options.scratch):
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            tool = make(folder)
            if words and not any(word in tool.name.lower() for word in words):
                continue
            print(row(tool, original) + (f" `{tool.shown}` |" if options.commands else ""), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"compare: {wrong}")
