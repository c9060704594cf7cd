"""What the independent decoder makes of archives: the golden ones, damaged ones, and those of this very release."""
import contextlib
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tempfile

import parity
from checks import files_under, read, require
from fixtures import FIXTURES
from reader import READER, decoder, decoder_transform
from varve import varve

GOLDEN = os.path.join(FIXTURES, "golden")


def golden_names():
    return sorted(name.removesuffix(".varve") for name in os.listdir(GOLDEN) if name.endswith(".varve"))


def golden(name, work):
    """A golden archive restores to what the list beside it says."""
    output = os.path.join(work, "golden-" + name)
    decode(os.path.join(GOLDEN, name + ".varve"), output)
    found = []
    for path in files_under(output):
        whole = os.path.join(output, path)
        found.append(f"link  {path} -> {os.readlink(whole)}" if os.path.islink(whole)
                     else f"{hashlib.sha256(read(whole)).hexdigest()}  {path}")
    wanted = read(os.path.join(GOLDEN, name + ".sha256")).decode().splitlines()
    require(sorted(found) == sorted(wanted), f"restored {sorted(found)} instead of {sorted(wanted)}")
    return f"{len(found)} files"


def golden_has(name, codings, wanted):
    found = has(os.path.join(GOLDEN, name + ".varve"), codings, wanted)
    return f"{len(found)} tensors"


def damaged(name, work):
    """A changed bit, a missing byte or one too many, anywhere in the archive, is refused with the exit code for it."""
    archive, output = os.path.join(work, "damaged.varve"), os.path.join(work, "damaged")
    shutil.copytree(os.path.join(GOLDEN, name + ".varve"), archive)
    cases = 0
    # What only mends (sections 6.1 and 8.4 of the format) no decoder looks at.
    for path in (path for path in files_under(archive) if not path.endswith(".parity")):
        whole = os.path.join(archive, path)
        good = read(whole)
        places = sorted({*range(16), *range(16, len(good), max(1, len(good) // 8)), len(good) - 1})
        flipped = [good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:] for at in places]
        for label, bad in [(f"byte {at} changed", bad) for at, bad in zip(places, flipped)] + [
                ("cut short", good[:-1]), ("longer", good + b"\0"), ("empty", b"")]:
            with open(whole, "wb") as file:
                file.write(bad)
            with contextlib.redirect_stderr(io.StringIO()):
                code = decoder.main(archive, output)
            require(code == decoder.DAMAGED and not os.path.exists(output), f"{path}: {label}: exit code {code}")
            cases += 1
        with open(whole, "wb") as file:
            file.write(good)
    return f"{cases} kinds of damage"


def agrees(archive, restored, output):
    """The decoder restores what `varve restore --step all` did: paths, bytes, links, modes and times."""
    decode(archive, output)
    ours, theirs = tree(output), tree(restored)
    for path in sorted({*ours, *theirs}):
        mine, other = ours.get(path), theirs.get(path)
        require(mine == other, f"{path}: the decoder made {mine}, varve {other}")
    return f"{len(ours)} paths"


# Method transform: labels and options, and runs of all kinds (in FIXTURES).
TRANSFORM_OPTIONS = {"balanced": (), "high": ("--quality", "high"), "exact keyframe": ("--keyframe", "exact")}
TRANSFORM_RUNS = ("hf-trainer-run", "odd-run", "unfrozen-block", "runs/nanogpt_style", "runs/grow", "runs/muon_adamw",
                  "runs/hf_llama_lora", "runs/torchvision_sgd", "runs/two_optimizers")


def transform(run, options, codings, work, wanted=frozenset(), method="transform"):
    """The decoder agrees on an archive of a method, or lossless, in which all of these codings occur, and all that is
    wanted of `occurrences`."""
    folder = tempfile.mkdtemp(dir=work)
    archive, restored, output = (os.path.join(folder, name) for name in ("run.varve", "restored", "decoded"))
    varve("compress", run, archive, "--method", method, *options)
    varve("restore", archive, "--step", "all", "--output", restored)
    paths = agrees(archive, restored, output)
    parity.check(archive)
    found = has(archive, codings, wanted)
    return f"{paths}, {sum(decoder.TRANSFORM <= coding <= decoder.HALF_COPY for coding in found)} tensors by transform"


def has(archive, codings, wanted):
    """The codings of an archive; all of some must occur in it, and all that is wanted of `occurrences`."""
    opened = decoder.Decoder(archive)
    found = [tensor.coding for step in opened.steps.values() for tensor in step.tensors]
    require(codings <= set(found), f"the archive has the codings {sorted(set(found))}, not all of {sorted(codings)}")
    occurring = occurrences(opened) if wanted else set()
    require(wanted <= occurring, f"the archive has {sorted(occurring)}, not all of {sorted(wanted)}")
    return found


def occurrences(opened):
    """What occurs in quantized groups of method transform: a rule for bases, none, bases that are kept, elements that are
    held, by the type of the weight too, and weights that begin anew although the step before has them."""
    found = set()
    for step in opened.steps.values():
        step.open_parts()
        before = opened.steps[step.predecessor].tensors if step.predecessor is not None else []
        known = {decoder.identity(tensor) for tensor in before}
        for number, group in enumerate(step.quantized_groups):
            if group.method == 0:
                continue
            weights = opened.parameters(step, opened.members(step, number))
            forms = [decoder_transform.Form(weight.shape) for weight in weights]
            _, headers = decoder_transform.read_headers(step.record(group.weights), forms)
            found.add("a rule" if any(header.rule for header in headers) else "no rule")
            if any(header.keeps for header in headers):
                found.add("kept bases")
            for weight, header in zip(weights, headers):
                if header.holds:
                    found |= {"held", f"held {weight.dtype}"}
                if header.kind == decoder_transform.KEYFRAME and decoder.identity(weight) in known:
                    found.add("anew")
    return found


# Of a run with wide matrices, where a rule for bases is named. The opening is not used, though it is there (exact
# keyframe), or is (high); nothing is transformed.
WIDE_OPTIONS = {"balanced": (), "exact keyframe": ("--keyframe", "exact"), "high": ("--quality", "high"),
                "effort low": ("--effort", "low", "--quality", "high")}


# What occurs where elements stand still, or weights begin anew.
PARTLY = {"anew", *(f"held {dtype}" for dtype in decoder_transform.BITS)}


# What is forgotten of a run, by label.
FORGOTTEN = {"the oldest": ("--keep-last", "2"), "every other step": ("--keep-every", "400"),
             "the newest": ("--steps", "1000"), "moments": ("--steps", "200-600", "--moments-only")}


def forgotten(run, options, rule, work):
    """The decoder restores of a pruned archive what varve does, and that is what it was before."""
    folder = tempfile.mkdtemp(dir=work)
    archive, before = os.path.join(folder, "run.varve"), os.path.join(folder, "before")
    after, output = os.path.join(folder, "after"), os.path.join(folder, "decoded")
    varve("compress", run, archive, *options)
    varve("restore", archive, "--step", "all", "--output", before)
    varve("forget", archive, *rule, "--now")
    varve("verify", archive, "--deep")
    parity.check(archive)
    varve("restore", archive, "--step", "all", "--output", after)
    if "--moments-only" in rule:
        decode(archive, output)
    else:
        agrees(archive, after, output)
    found, restored, original = files(output), files(after), files(before)
    require(restored.items() <= found.items(), "the decoder lacks something, or made it otherwise")
    require(found.items() <= original.items() and len(found) < len(original), "not a part of what was there before")
    pruned = [number for number, step in decoder.Decoder(archive).steps.items() if step.pruned]
    os.remove(os.path.join(archive, "forgotten.manifest"))
    with contextlib.redirect_stderr(io.StringIO()):
        code = decoder.main(archive, output + "-unmarked")
    require((code == decoder.DAMAGED) == bool(pruned), f"without its marks: exit code {code}")
    return f"{len(found)} of {len(original)} files, {len(pruned)} steps in part"


def rebased(run, options, rule, is_exact, work):
    """The decoder restores what varve does of steps that were taken again; of an exact method that is what it was before."""
    folder = tempfile.mkdtemp(dir=work)
    archive, before = os.path.join(folder, "run.varve"), os.path.join(folder, "before")
    after, output = os.path.join(folder, "after"), os.path.join(folder, "decoded")
    varve("compress", run, archive, *options)
    varve("restore", archive, "--step", "all", "--output", before)
    size = size_of(archive)
    varve("forget", archive, *rule, "--rebase", "--now")
    varve("verify", archive, "--deep")
    for number, step in decoder.Decoder(archive).steps.items():
        if step.forgotten != decoder.WHOLE:                  # the run has the others, and they would be missed
            varve("verify", archive, "--against", run, "--steps", f"{number}-{number}")
    varve("restore", archive, "--step", "all", "--output", after)
    agrees(archive, after, output)
    if is_exact:
        require(files(after).items() <= files(before).items(), "not what was there before")
    again = sum(tensor.again for step in decoder.Decoder(archive).steps.values() for tensor in step.tensors)
    require(bool(again) == (options != ("--quality", "lossless")), f"{again} tensors whose error is known within bounds")
    now = size_of(archive)
    require(now < size, f"{size} bytes became {now}")
    return f"{again} tensors taken again, {size} bytes became {now}"


def files(root):
    """The content of every file under a directory, by its path."""
    return {path: hashlib.sha256(read(os.path.join(root, path))).hexdigest() for path in files_under(root)
            if not os.path.islink(os.path.join(root, path))}


def size_of(root):
    return sum(os.path.getsize(os.path.join(root, path)) for path in files_under(root))


def decode(archive, output):
    command = [sys.executable, "-m", "varve_reader", archive, "all", output]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": READER})
    require(result.returncode == 0, f"decoder: exit code {result.returncode}: {result.stderr.strip()[-1500:]}")


def tree(root):
    """Of each path what a restore determines."""
    found = {}
    for parent, folders, names in os.walk(root):
        for path in (os.path.join(parent, name) for name in folders + names):
            status = os.lstat(path)
            mode, content = stat.filemode(status.st_mode), None
            if os.path.islink(path):
                mode, content = "link", os.readlink(path)    # a link's own mode means nothing
            elif os.path.isfile(path):
                content = status.st_nlink, hashlib.sha256(read(path)).hexdigest()
            found[os.path.relpath(path, root)] = mode, status.st_mtime_ns, content
    return found
