"""Checkpoints in shards: what Varve restores loads with each framework's own loader, as Varve itself accounts for it.

    python Tests/Interop/sharded.py [PATTERN]     in the environment that run.py makes

Runs are made on the spot by FSDP2, the Trainer and DeepSpeed on two ranks; those of other frameworks and versions come
from Fixtures/runs and, where they are there, with more steps, from ../shared/runs.
"""
import importlib.util
import logging
import math
import os
import sys
import tempfile
import warnings
from functools import wraps

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("DS_ACCELERATOR", "cpu")

import torch

import distributed
import sharded_loaders as loaders
from checks import Checks, Skip, files_under, read, require
from ranks import fact, on_ranks
from state import same_bits
from varve import account, inspected, varve

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORED = {
    "dcp": "dcp", "dcp_fsdp_2ranks": "dcp", "hf_fsdp2_sharded": "dcp", "olmo_core": "dcp", "titan_fsdp_tp": "dcp",
    "deepspeed_zero1": "zero", "deepspeed_zero3": "zero", "hf_deepspeed_zero2": "zero", "hf_deepspeed_zero3": "zero",
    "ds_resized": "zero", "ds_pipeline": "pipeline", "ds_universal": "universal",
    "mcore_fully_reshardable": "megatron", "mcore_dp_reshardable": "megatron", "mcore_legacy": "megatron_files",
    "verl_fsdp2": "rank_files", "mlx_npz": "arrays", "mlx_safetensors": "arrays", "hf_fsdp2_full": "trainer_whole",
    "composer_mono": "composer"}
# Those whose tensors can be loaded file by file as well.
WHOLE = {"ds_universal", "mlx_safetensors", "hf_fsdp2_full", "composer_mono"}
MADE = {"made-fsdp": "dcp", "made-trainer": "dcp", "made-zero1": "zero", "made-zero2": "zero", "made-zero3": "zero"}
QUALITIES = {"": (), " lossless": ("--quality", "lossless")}
TOLERANCE = 1e-6


def stored(name):
    """Where a run lies; with all of its steps if possible."""
    for root in (os.path.join(os.path.dirname(ROOT), "shared", "runs"), os.path.join(ROOT, "Fixtures", "runs")):
        if os.path.isdir(os.path.join(root, name)):
            return os.path.join(root, name)
    return None


def wants(package):
    if importlib.util.find_spec(package) is None:
        raise Skip(f"{package} is not installed: NOTHING WAS LOADED WITH IT")


def once(method):
    """Runs a method once for each object and its arguments; tells its result, or how it failed, to all who ask."""
    @wraps(method)
    def asked(self, *arguments):
        known = self.__dict__.setdefault("_" + method.__name__, {})
        if arguments not in known:
            try:
                known[arguments] = method(self, *arguments), None
            except Exception as error:
                known[arguments] = None, error
        result, error = known[arguments]
        if error:
            raise error
        return result
    return asked


class Made:
    """Runs that the frameworks make here, each when it is first asked for."""

    def __init__(self, work):
        self.work = work

    def path(self, name):
        return os.path.join(self.work, name)

    @once
    def run(self, name):
        if name.startswith("made-zero"):
            self.zero()
        else:
            job = "make_fsdp" if name == "made-fsdp" else "make_trainer"
            on_ranks(2, "sharded_jobs", job, {"run": self.path(name)})
        return self.path(name)

    @once
    def zero(self):
        wants("deepspeed")
        runs = [self.path(f"made-zero{stage}") for stage in (1, 2, 3)]
        on_ranks(2, "sharded_jobs", "make_deepspeed", {"runs": runs})


class Trip:
    """A run, and what came back of it: every checkpoint, and Varve's account of that."""

    def __init__(self, name, kind, label, find, work):
        self.name, self.kind, self.label, self.find = name, kind, label, find
        folder = os.path.join(work, "sharded", name + label.replace(" ", "-"))
        self.archive, self.restored = folder + ".varve", folder

    @once
    def done(self):
        run = self.find(self.name)
        os.makedirs(os.path.dirname(self.archive), exist_ok=True)
        varve("compress", run, self.archive, *QUALITIES[self.label])
        varve("restore", self.archive, "--step", "all", "--output", self.restored)
        self.run = run
        return self

    @once
    def steps(self):
        """[(step, checkpoint, {parameter: {role: fact}})] by `inspect --hash` of what was restored."""
        found = inspected(self.done().restored, "--hash")
        require(found, "inspect found no step in what was restored")
        return [(step["step"], step["checkpoint"], {row["name"]: roles_of(row) for row in step["parameters"]})
                for step in found]

    def checkpoints(self):
        return {os.path.join(self.restored, checkpoint): wanted for _, checkpoint, wanted in self.steps()}

    def comes_back(self):
        """The same files; of a lossless archive the same bytes; in any case zip files that are in order."""
        self.done()
        wanted, found = files_under(self.run), files_under(self.restored)
        require(wanted == found,
                f"missing {sorted(set(wanted) - set(found))}, extra {sorted(set(found) - set(wanted))}")
        changed = [path for path in wanted
                   if read(os.path.join(self.run, path)) != read(os.path.join(self.restored, path))]
        require(not changed or not self.label, f"lossless, and yet changed: {changed}")
        sizes = [os.path.getsize(os.path.join(self.run, p)) - os.path.getsize(os.path.join(self.restored, p))
                 for p in changed]
        require(not any(sizes), f"other lengths: {changed}")
        zips = loaders.check_zips(self.restored)
        return f"{len(self.steps())} steps, {len(changed)} of {len(wanted)} files changed, {zips} zip files in order"

    def alone(self):
        """Loaded by one process: as Varve accounts for it, and next to the original as the report says."""
        count, changed = 0, 0
        for step, checkpoint, wanted in self.steps():
            original, found = (self.load(os.path.join(root, checkpoint), wanted) for root in (self.run, self.restored))
            count += agree(f"step {step}", facts(found), wanted)
            changed += self.as_reported(step, original, found)
        return f"{count} tensors as accounted, {changed} of them changed as reported"

    def load(self, checkpoint, wanted):
        if self.kind == "megatron":
            return loaders.megatron(distributed.load_whole(checkpoint), list(wanted))
        return getattr(loaders, self.kind)(checkpoint)

    @once
    def report(self):
        return account(self.archive)

    def as_reported(self, step, original, found):
        """What differs from the original must be reported as lossy, with these errors where it is reported by name."""
        require({n: set(r) for n, r in original.items()} == {n: set(r) for n, r in found.items()},
                f"step {step}: other parameters than in the original")
        lossy, changed = [row for row in self.report().get(step, []) if not row.exact], 0
        for name, role in ((name, role) for name, roles in found.items() for role in roles):
            a, b = original[name][role], found[name][role]
            require((a.dtype, a.shape) == (b.dtype, b.shape), f"step {step}: {name}: another form")
            if same_bits(a, b):
                continue
            changed += 1
            require(not self.label, f"step {step}: {name} {role} changed, though lossless")
            require(lossy, f"step {step}: {name} {role} changed, and the report says that every tensor is exact")
            rows = [row for row in lossy if (row.name == name and row.role == role)
                    or (role == "copy" and row.name.endswith(":" + name))]
            difference = b.double() - a.double()
            squared, largest = float((difference * difference).sum()), float(difference.abs().max())
            # A half-precision weight has the name of its float32 master; each has a row of its own.
            accounts = [[row] for row in rows] + [rows]
            require(not rows or any(near(sum(row.squared_error for row in own), squared)
                                    and near(max(row.largest_error for row in own), largest) for own in accounts),
                    f"step {step}: {name} {role}: squared error {squared!r}, largest {largest!r}; reported {rows}")
        return changed


def near(a, b):
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def roles_of(row):
    """{role: fact} of one parameter that `inspect` lists. A weight in full precision is its own master."""
    found = {"weight": [row["weight"]["dtype"], row["shape"], row["weight"]["sha256"]]}
    for role in ("firstMoment", "secondMoment"):
        if row.get(role):
            found[role] = [row[role]["dtype"], row[role]["shape"], row[role]["sha256"]]
    master = (row.get("other") or {}).get("fp32_master")
    found["master"] = [master["dtype"], master["shape"], master["sha256"]] if master else found["weight"]
    return found


def facts(found):
    return {name: {role: fact(tensor) for role, tensor in roles.items()} for name, roles in found.items()}


def agree(what, found, wanted):
    """Every tensor that was loaded is what Varve says, by name, type, shape and bits; no parameter is missing. A role
    that the loader gives for one parameter it gives for all that have it. `inspect` lists no copies."""
    require(set(found) == set(wanted), f"{what}: missing {sorted(set(wanted) - set(found))}, "
                                       f"extra {sorted(set(found) - set(wanted))}")
    given = {role for roles in found.values() for role in roles} - {"copy"}
    for name, roles in wanted.items():
        for role in given:
            mine, other = found[name].get(role), roles.get(role)
            require(mine == other, f"{what}: {name} {role}: loaded {mine}, Varve says {other}")
    return sum(map(len, found.values()))


def entry(answer, checkpoint):
    require("error" not in answer[checkpoint], f"{checkpoint}: {answer[checkpoint].get('error')}")
    return answer[checkpoint]


def finite(what, losses, count):
    require(len(losses) == count and all(map(math.isfinite, losses)), f"{what}: losses {losses}")


def went_on(checkpoint, found, step, wanted):
    """A training that resumed: with the tensors and at the step of its checkpoint, and with losses that are numbers."""
    agree(checkpoint, found["tensors"], wanted)
    require(found["step"] == step, f"{checkpoint}: resumed at {found['step']}")
    finite(checkpoint, found["losses"], 3)
    return found


# ---------------------------------------------------------------- on several ranks
class OnRanks:
    """What several ranks load, all checkpoints of a kind at once: starting them takes longer than loading."""

    def __init__(self, trips, work):
        self.trips, self.work = trips, work

    def of(self, *kinds):
        return [trip for trip in self.trips if trip.kind in kinds]

    def checkpoints(self, trips):
        """{checkpoint: account} of those that came back; what did not has failed in a check of its own."""
        found = {}
        for trip in trips:
            try:
                found |= trip.done().checkpoints()
            except Exception:
                pass
        return found

    @once
    def distributed(self):
        found = list(self.checkpoints(self.of("dcp", "megatron")))
        resume = list(self.checkpoints([trip for trip in self.trips if trip.name == "made-fsdp"]))
        return on_ranks(3, "sharded_jobs", "load_distributed", {"checkpoints": found, "resume": resume})

    def in_parts(self, trip):
        """Three ranks load parts of tensors that two or four ranks wrote."""
        count = 0
        for checkpoint, wanted in trip.checkpoints().items():
            tensors = entry(self.distributed()["parts"], checkpoint)["tensors"]
            if trip.kind == "megatron":
                whole = distributed.load_whole(checkpoint)
                require(tensors == {name: fact(tensor) for name, tensor in whole.items()},
                        f"{checkpoint}: in parts not what it is whole")
                count += len(tensors)
            else:
                count += agree(checkpoint, distributed.by_parameter(tensors), wanted)
        return f"{count} tensors on three ranks"

    def fsdp_resumes(self, trip):
        for (step, _, wanted), checkpoint in zip(trip.steps(), trip.checkpoints()):
            found = went_on(checkpoint, entry(self.distributed()["resumed"], checkpoint), step, wanted)
        return f"{len(trip.steps())} steps, from two ranks to three; last losses {found['losses']}"

    @once
    def trainer(self):
        trips = [trip for trip in self.trips if trip.name == "made-trainer"]
        return on_ranks(2, "sharded_jobs", "resume_trainer", {
            "checkpoints": list(self.checkpoints(trips)), "work": os.path.join(self.work, "trainer-output")})

    def trainer_resumes(self, trip):
        for (step, _, wanted), checkpoint in zip(trip.steps(), trip.checkpoints()):
            found = went_on(checkpoint, entry(self.trainer(), checkpoint), step, wanted)
        return f"{len(trip.steps())} steps; last losses {found['losses']}"

    @once
    def deepspeed(self):
        wants("deepspeed")
        found = {}
        for trip in self.of("zero"):
            for checkpoint in self.checkpoints([trip]):
                folder = loaders.tag_of(checkpoint)
                shapes = [{name: list(shape) for name, shape in group.items()}
                          for group in loaders.model_states(folder)[0]["param_shapes"]]
                found[folder] = {"groups": shapes, "stage": loaders.stage_of(folder),
                                 "trains": trip.name.startswith("made"),
                                 "ranks": len(loaders.optimizer_files(folder))}
        answers = {}
        for ranks in sorted({asked["ranks"] for asked in found.values()}):
            answers |= on_ranks(ranks, "sharded_jobs", "resume_deepspeed", {
                "checkpoints": {folder: asked for folder, asked in found.items() if asked["ranks"] == ranks}})
        return answers

    def engine_resumes(self, trip):
        wants("deepspeed")
        count, losses = 0, []
        for checkpoint, wanted in trip.checkpoints().items():
            found = entry(self.deepspeed(), loaders.tag_of(checkpoint))
            count += agree(checkpoint, found["tensors"], wanted)
            losses = found["losses"]
            finite(checkpoint, losses, 3 if trip.name.startswith("made") else 0)
        return f"{count} tensors by the engine" + (f"; last losses {losses}" if losses else "")

    @once
    def megatron(self):
        wants("megatron")
        checkpoints = list(self.checkpoints(self.of("megatron")))
        paths = {path: os.path.join(self.work, f"megatron-{index}.pt") for index, path in enumerate(checkpoints)}
        return on_ranks(2, "sharded_jobs", "load_megatron", {"checkpoints": paths}), paths

    def megatron_loads(self, trip):
        """Megatron-Core's own loader, whole and in the halves of two ranks."""
        count, halves = 0, 0
        for checkpoint, wanted in trip.checkpoints().items():
            answer, paths = self.megatron()
            found = entry(answer, checkpoint)
            tensors = torch.load(paths[checkpoint], weights_only=True)
            count += agree(checkpoint, facts(loaders.megatron(tensors, list(wanted))), wanted)
            halves += found["parts"]
            require("iteration" in found["common"], f"{checkpoint}: no common state")
        return f"{count} tensors as accounted, {halves} in halves too"


def full_precision(trip):
    """DeepSpeed's zero_to_fp32."""
    wants("deepspeed")
    count = 0
    for checkpoint, wanted in trip.checkpoints().items():
        count += agree(checkpoint, facts(loaders.zero_to_fp32(checkpoint)), wanted)
    return f"{count} tensors by zero_to_fp32"


# ---------------------------------------------------------------- all of it
def sharded(checks, work):
    distributed.read_later_metadata()
    logging.getLogger("torch.distributed.device_mesh").setLevel(logging.ERROR)   # no ranks are needed for rank files
    made, trips = Made(work), {label: [] for label in QUALITIES}
    for name, kind in (MADE | STORED).items():
        find = made.run if name in MADE else stored
        if name in STORED and stored(name) is None:
            checks.run(f"sharded {name}", not_here, name)
            continue
        for label in QUALITIES:
            trip = Trip(name, kind, label, find, work)
            trips[label].append(trip)
            checks.run(f"sharded {name}{label}: comes back", trip.comes_back)
            checks.run(f"sharded {name}{label}: loads in one process", trip.alone)
            if kind == "zero":
                checks.run(f"sharded {name}{label}: zero_to_fp32", full_precision, trip)
    # The lossless files are the original ones.
    ranks = OnRanks(trips[""], work)
    for trip in trips[""]:
        for what, check in on_several(ranks, trip):
            checks.run(f"sharded {trip.name}: {what}", check, trip)


def on_several(ranks, trip):
    found = []
    if trip.kind in ("dcp", "megatron"):
        found.append(("loads in parts on three ranks", ranks.in_parts))
    if trip.name == "made-fsdp":
        found.append(("FSDP2 resumes on three ranks", ranks.fsdp_resumes))
    if trip.name == "made-trainer":
        found.append(("the Trainer resumes with FSDP2", ranks.trainer_resumes))
    if trip.kind == "zero":
        found.append(("DeepSpeed's engine resumes", ranks.engine_resumes))
    if trip.kind == "megatron":
        found.append(("Megatron-Core loads it", ranks.megatron_loads))
    return found


def not_here(name):
    raise Skip(f"../shared/runs/{name} is not here: NOTHING OF ITS FRAMEWORK WAS LOADED")


def main():
    os.environ["VARVE"] = os.path.abspath(os.environ.get("VARVE") or os.path.join(ROOT, ".build/release/varve"))
    if not os.access(os.environ["VARVE"], os.X_OK):
        sys.exit(f"sharded: no varve at {os.environ['VARVE']}; build it: swift build -c release")
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    checks = Checks(" ".join(sys.argv[1:]))
    with tempfile.TemporaryDirectory(prefix="varve-sharded-") as work:
        sharded(checks, work)
    return checks.summary()


if __name__ == "__main__":
    sys.exit(main())
