"""Reading checkpoints with the real libraries, and comparing two of them leaf by leaf."""
import pickle
import struct
import types
import zipfile
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load_file

from checks import Failure, read, require

LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
FIRST = ("exp_avg", "momentum_buffer", "m")
SECOND = ("exp_avg_sq", "square_avg", "sum", "v")
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.int64: "I64", torch.bool: "BOOL"}


def kind(path):
    """"safetensors", "torch" (zip), "legacy" torch, or None for a file without tensors these libraries know."""
    if path.endswith(".safetensors"):
        return "safetensors"
    with open(path, "rb") as file:
        head = file.read(len(LEGACY_MAGIC))
    if head == LEGACY_MAGIC:
        return "legacy"
    if head.startswith(b"PK\3\4"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            return None
        if any(name.endswith("/data.pkl") for name in names):
            return "torch"
    return None


# ---------------------------------------------------------------- loading
class Unknown:
    """Stands for an object of a class that is not installed here; keeps all it was built from."""

    def __new__(cls, *arguments, **named):
        made = object.__new__(cls)
        made.built_from = (arguments, named)
        return made

    def __init__(self, *_, **__):
        pass

    def __setstate__(self, state):
        self.state = state

    def __hash__(self):
        return hash(type(self).__qualname__)

    def __eq__(self, other):
        return type(self) is type(other)


class Lenient(pickle.Unpickler):
    """An unpickler that makes up the classes it does not find."""
    made_up = {}

    def find_class(self, module, name):
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):
            return self.made_up.setdefault((module, name), type(name, (Unknown,), {"__module__": module}))


lenient = types.SimpleNamespace(
    __name__="lenient", Unpickler=Lenient, load=lambda file, **named: Lenient(file, **named).load())


def loaders(path):
    """The ways in which a file loads: those that work on the original must work on the restored one."""
    if kind(path) == "safetensors":
        return {"safetensors": load_file}
    ways = {
        "weights_only=True": lambda p: torch.load(p, map_location="cpu", weights_only=True),
        "weights_only=False": lambda p: torch.load(p, map_location="cpu", weights_only=False),
        "mapped": lambda p: torch.load(p, map_location="cpu", weights_only=False, mmap=True),
        "classes made up": lambda p: torch.load(p, map_location="cpu", weights_only=False, pickle_module=lenient),
    }
    found = {}
    for name, way in ways.items():
        if name == "classes made up" and found:
            continue
        try:
            way(path)
            found[name] = way
        except Exception:
            pass
    return found


# ---------------------------------------------------------------- comparing
@dataclass
class Leaf:
    """A tensor at the same place of the original and of the restored file."""
    path: tuple
    original: torch.Tensor
    restored: torch.Tensor

    @property
    def role(self):
        last = self.path[-1] if self.path else None
        moment = "firstMoment" if last in FIRST else "secondMoment" if last in SECOND else None
        # Composer keeps the model as well as the optimizers below a "state" of its own.
        inside = self.path[:-1] if self.path[:2] != ("state", "model") else ()
        return moment or ("other" if "state" in inside else "weight")

    @property
    def where(self):
        return ".".join(map(str, self.path))


def local(tensor):
    """The tensor itself; of one that is a rank's piece (DTensor), the piece."""
    return getattr(tensor, "_local_tensor", tensor)


def raw(tensor):
    tensor = tensor.detach().cpu().contiguous()
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def same_bits(a, b):
    return raw(a) == raw(b)


def errors(leaf):
    """Squared error and largest absolute error of a leaf, summed in double precision."""
    difference = (leaf.restored.detach().to(torch.float64) - leaf.original.detach().to(torch.float64)).numpy()
    return float(np.sum(difference * difference)), float(np.max(np.abs(difference), initial=0))


def compare(original, restored):
    """Every tensor of two trees of the same structure. Any other difference than in tensor values is a failure."""
    leaves = []
    walk(original, restored, (), leaves)
    for attribute in ("original", "restored"):             # the same tensors share memory
        groups, first = [], {}
        for leaf in leaves:
            tensor = getattr(leaf, attribute)
            key = tensor.untyped_storage().data_ptr() if tensor.numel() else id(tensor)
            groups.append(first.setdefault(key, leaf.where))
        if attribute == "original":
            wanted = groups
    require(groups == wanted, "tensors share their storages differently")
    return leaves


def walk(a, b, path, leaves):
    where = ".".join(map(str, path)) or "top"
    require(type(a) is type(b), f"{where}: a {type(b).__name__} instead of a {type(a).__name__}")
    if isinstance(a, torch.Tensor):
        placed = [str(getattr(t, "_spec", None)) for t in (a, b)]
        require(placed[0] == placed[1], f"{where}: placed as {placed[1]} instead of {placed[0]}")
        a, b = local(a), local(b)
        facts = [(t.dtype, tuple(t.shape), t.stride(), t.storage_offset(), t.untyped_storage().nbytes(),
                  t.requires_grad, t.device) for t in (a, b)]
        require(facts[0] == facts[1], f"{where}: tensor {facts[1]} instead of {facts[0]}")
        leaves.append(Leaf(path, a, b))
        return
    if isinstance(a, dict):
        require(list(a) == list(b), f"{where}: keys {list(b)} instead of {list(a)}")
        for key in a:
            walk(a[key], b[key], path + (key,), leaves)
    elif isinstance(a, (list, tuple)):
        require(len(a) == len(b), f"{where}: {len(b)} entries instead of {len(a)}")
        for index, pair in enumerate(zip(a, b)):
            walk(*pair, path + (index,), leaves)
    elif isinstance(a, np.ndarray):
        require((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), f"{where}: another array")
    elif isinstance(a, float):
        require(struct.pack("<d", a) == struct.pack("<d", b), f"{where}: {b!r} instead of {a!r}")
    elif not hasattr(a, "__dict__") or isinstance(a, (type, types.FunctionType, types.BuiltinFunctionType)):
        require(a == b, f"{where}: {b!r} instead of {a!r}")
    if hasattr(a, "__dict__") and not isinstance(a, (type, types.FunctionType, types.ModuleType)):
        for key in set(vars(a)) | set(vars(b)):
            require(key in vars(a) and key in vars(b), f"{where}: attribute {key} on one side only")
            walk(vars(a)[key], vars(b)[key], path + (key,), leaves)


def check_zip(path, original):
    """The restored zip passes Python's CRC check; only raw storages differ from the original's records."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(original) as wanted:
        bad = archive.testzip()
        require(bad is None, f"{path}: CRC of {bad} is wrong")
        require(archive.namelist() == wanted.namelist(), f"{path}: other records")
        for name in wanted.namelist():
            if "/data/" not in name and not name.endswith("serialization_id"):
                require(archive.read(name) == wanted.read(name), f"{path}: record {name} differs")


def check_safetensors(path, original):
    """Same header bytes, same length."""
    a, b = read(original), read(path)
    require(len(a) == len(b), f"{path}: {len(b)} bytes instead of {len(a)}")
    header = 8 + int.from_bytes(a[:8], "little")
    require(a[:header] == b[:header], f"{path}: the header differs")


def load_both(original, restored):
    """The leaves of two files, after loading them in every way that works on the original."""
    what = kind(original)
    if what is None:
        return []
    if what == "torch":
        check_zip(restored, original)
    elif what == "safetensors":
        check_safetensors(restored, original)
    leaves = []
    ways = loaders(original)
    if not ways:                                           # a piece of a larger checkpoint
        require(read(original) == read(restored), f"{restored}: changed, though nothing here can load the original")
    for name, load in ways.items():
        try:
            loaded = load(restored)
        except Exception as error:
            raise Failure(f"{restored}: {name} fails on the restored file: {error}")
        leaves = compare(load(original), loaded)
    return leaves
