"""Compress a run, restore it in every way, and hold what came back against the original and Varve's own account."""
import os

import decoding
from checks import files_under, read, require
from state import errors, load_both, same_bits
from varve import account, inspected, varve, varve_json

TOLERANCE = 1e-6


class Roundtrip:
    """One run, its archive, and everything restored from it, in a folder of its own.

    `names(step folder or file, leaf)` gives the parameter of a moment where the caller knows it.
    """

    def __init__(self, run, work, names=None, options=()):
        self.run, self.names, self.options = run, names or (lambda file, leaf: None), options
        label = os.path.basename(run) + "".join(options).replace("-", "").replace(" ", "")
        self.archive = os.path.join(work, label + ".varve")
        self.folder = os.path.join(work, label)
        self.all = os.path.join(self.folder, "all")
        self.roles = set()                                 # coded with loss somewhere

    def compress(self):
        varve("compress", self.run, self.archive, *self.options)
        sizes = [sum(os.lstat(os.path.join(root, f)).st_size for f in files_under(root))
                 for root in (self.run, self.archive)]
        return f"{sizes[0]} bytes to {sizes[1]}"

    def verify(self):
        varve("verify", self.archive, "--deep")
        varve("verify", self.archive, "--against", self.run)

    def restore(self):
        varve("restore", self.archive, "--step", "all", "--output", self.all)

    def same_tree(self):
        """--step all: the same paths, links with the same targets, and every file without tensors byte for byte."""
        wanted, found = files_under(self.run), files_under(self.all)
        require(wanted == found,
                f"missing {sorted(set(wanted) - set(found))}, extra {sorted(set(found) - set(wanted))}")
        for path in wanted:
            a, b = os.path.join(self.run, path), os.path.join(self.all, path)
            require(os.path.islink(a) == os.path.islink(b), f"{path}: a link on one side only")
            if os.path.islink(a):
                require(os.readlink(a) == os.readlink(b), f"{path}: links to {os.readlink(b)}")
        return f"{len(wanted)} files"

    def single_steps(self):
        """--step N and --step latest: the bytes of --step all. A directory step comes without its own name."""
        steps = inspected(self.run)
        require(steps, "inspect found no step")
        for number, path in [(s["step"], s["checkpoint"]) for s in steps] + [("latest", steps[-1]["checkpoint"])]:
            output = os.path.join(self.folder, f"step-{number}")
            varve("restore", self.archive, "--step", number, "--output", output)
            found = files_under(output)
            require(found, f"step {number}: nothing restored")
            inside = os.path.join(self.all, path)
            base = inside if os.path.isdir(inside) else os.path.dirname(inside)
            if os.path.isdir(inside):
                require(found == files_under(inside), f"step {number}: {found} instead of {files_under(inside)}")
            for file in found:
                require(read(os.path.join(output, file)) == read(os.path.join(base, file)),
                        f"step {number}: {file} differs from --step all")
        return f"{len(steps)} steps"

    def tensors(self):
        """Each tensor is equal bit for bit, or differs by exactly what Varve's account says."""
        steps, accounts, changed, roles = inspected(self.run), account(self.archive), 0, set()
        require([s["step"] for s in steps] == sorted(accounts), f"the report has the steps {sorted(accounts)}")
        looked_at = set()
        for index, step in enumerate(steps):
            inside = os.path.join(self.run, step["checkpoint"])
            files = [os.path.join(step["checkpoint"], f) for f in files_under(inside)] if os.path.isdir(inside) \
                else [step["checkpoint"]]
            files += sorted({r.file for r in accounts[step["step"]]          # a step of several files
                             if r.file not in files and os.path.isfile(os.path.join(self.run, r.file))})
            for file in files:
                looked_at.add(file)
                rows = [r for r in accounts[step["step"]] if belongs(r.file, file, files)]
                found = self.file(file, rows)
                require(index or not found or "excp" not in self.options,
                        f"{file}: differs, in the first step, which is an exact keyframe")
                changed, roles = changed + len(found), roles | {leaf.role for leaf in found}
        for file in files_under(self.run):
            if file not in looked_at and not os.path.islink(os.path.join(self.run, file)):
                self.extra(file, looked_at)
        self.roles = roles
        return f"{changed} tensors changed, all as accounted ({', '.join(sorted(roles)) or 'none'})"

    def file(self, file, rows):
        """The changed leaves of one file, every one of them accounted for."""
        original, restored = os.path.join(self.run, file), os.path.join(self.all, file)
        same = read(original) == read(restored)
        leaves = load_both(original, restored)
        changed, seen = [], set()
        for leaf in leaves:
            storage = (leaf.original.untyped_storage().data_ptr(), leaf.original.storage_offset(), leaf.original.shape)
            if not same_bits(leaf.original, leaf.restored) and storage not in seen:
                seen.add(storage)
                changed.append(leaf)
        require(same or changed, f"{file}: bytes differ though no tensor does")
        lossy = [row for row in rows if not row.exact]
        for leaf in changed:
            squared, largest = errors(leaf)
            known = ".".join(map(str, leaf.path[-1:])) if leaf.role == "weight" else self.names(original, leaf)
            fits = [r for r in lossy if plays(r, leaf.role) and (not known or same_name(r.name, known))]
            if not fits and not any(same_name(r.name, known) for r in rows):
                # Some layouts call their tensors by other names than the parameter's (`fp32_from_fp16_params.0.3`, `NAME.v`,
                # `param`), and copies have their file's name before their own: then shape and errors tell which row it is.
                fits = [r for r in lossy if r.shape == tuple(leaf.original.shape)
                        and near(r.squared_error, squared) and near(r.largest_error, largest)]
            require(fits, f"{file}: {leaf.where} changed, and the report has no lossy {leaf.role} for it ({known})")
            best = min(fits, key=lambda r: abs(r.squared_error - squared))
            require(near(best.squared_error, squared) and near(best.largest_error, largest),
                    f"{file}: {leaf.where}: squared error {squared!r}, largest {largest!r}; the report says "
                    f"{best.squared_error!r}, {best.largest_error!r} ({best.name})")
            lossy.remove(best)
        left = [f"{r.name} {r.role}" for r in lossy if r.squared_error > 0]
        require(not left, f"{file}: reported with an error, yet exact or absent: {left}")
        return changed

    def extra(self, file, step_files):
        """A file of no step: kept exactly, unless it repeats a step's file (last.ckpt, checkpoint.pth)."""
        original = read(os.path.join(self.run, file))
        if original == read(os.path.join(self.all, file)):
            return
        restored = read(os.path.join(self.all, file))
        copies = [f for f in step_files if restored == read(os.path.join(self.all, f))
                  and original == read(os.path.join(self.run, f))]
        if not copies:                                     # the same tensors in other bytes
            require(load_both(os.path.join(self.run, file), os.path.join(self.all, file)), f"{file}: bytes differ")

    def sums(self):
        """The report's stored bytes add up to the files of the archive."""
        total = varve_json("report", self.archive, "--by", "step")["total"]["storedBytes"]
        on_disk = sum(os.lstat(os.path.join(self.archive, f)).st_size for f in files_under(self.archive)
                      if not f.split(os.sep)[0].startswith("cache"))
        require(total == on_disk, f"the report says {total} bytes, the archive's files have {on_disk}")
        return f"{total} bytes"

    def decoder(self):
        return decoding.agrees(self.archive, self.all, os.path.join(self.folder, "decoded"))

    def checks(self):
        return [("compress", self.compress), ("verify", self.verify), ("restore all", self.restore),
                ("same files", self.same_tree), ("single steps", self.single_steps),
                ("tensors as accounted", self.tensors), ("sizes add up", self.sums),
                ("an independent decoder agrees", self.decoder)]

    def whole(self):
        """All of the above as one check."""
        return "; ".join(note for _, check in self.checks() for note in [check()] if note)


def belongs(named, file, files):
    """Whether a report's file name means `file`; it may be relative to the run or to the checkpoint."""
    return named == file or (named and file.endswith("/" + named)) or (not named and len(files) == 1)


def plays(row, role):
    """Whether a row can be of that role. A copy that follows a weight in another file may have none of its own."""
    return row.role == role or (role == "weight" and row.role == "other" and row.coding == "copy")


def same_name(a, b):
    """Equal, or equal but for a prefix of one of them (module., model.)."""
    return a == b or a.endswith("." + b) or b.endswith("." + a)


def near(a, b):
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
