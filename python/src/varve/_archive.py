"""An archive, and what can be done with it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal, Optional, Union

from ._command import Progress, StrPath, argument, call, flags, started, text_of
from ._errors import DamagedError, DifferenceError, VarveError, error_from
from ._results import Report, Step, TensorInfo, Verification
from ._safetensors import pieces, to_numpy, to_torch

StepName = Union[int, str]
Only = Literal["weights", "all"]
Kind = Optional[Literal["torch", "numpy"]]
Names = Union[str, Iterable[str], None]


Numbers = list[int]
Steps = list[Step]
Tensors = list[TensorInfo]


class Archive:
    """The checkpoints of one training run, compressed, in a directory.

    It holds a path and no open file: every call looks at the disk anew, and sees what other processes have added. Steps are
    numbers, `"latest"`, or a checkpoint's name such as `"checkpoint-400"`.
    """

    def __init__(self, path: StrPath, *, base: StrPath | None = None) -> None:
        """`base` is what the archive was made with (`compress(base=...)`), if it was: restoring needs it."""
        self.path = os.fspath(path)
        self.base = None if base is None else os.fspath(base)

    def __repr__(self) -> str:
        return f"varve.open({self.path!r})"

    # What there is.

    @property
    def steps(self) -> Numbers:
        """The numbers of the steps that can be restored, ascending."""
        return [step.number for step in self.list()]

    def list(self) -> Steps:
        """The steps, with their sizes."""
        _, document = call(["list", argument(self.path)])
        return [Step.of(row) for row in document["steps"]]

    def report(
        self, by: Literal["layer", "tensor", "role", "step", "file"] = "layer", *, steps: StepName | None = None
    ) -> Report:
        """What each layer, tensor, role, step or file costs, and what the restored values are off by."""
        _, document = call(["report", argument(self.path), *flags({"by": by, "steps": steps})])
        return Report.of(by, document)

    def tensors(self, step: StepName = "latest") -> Tensors:
        """The tensors of a step. Nothing is decoded."""
        return [TensorInfo.of(row) for row in self.report("tensor", steps=step)]

    def verify(
        self,
        *,
        against: StrPath | None = None,
        deep: bool = False,
        sample: float | None = None,
        steps: str | None = None,
        check: bool = True,
        progress: Progress | None = None,
        **options: Any,
    ) -> Verification:
        """Compares every stored byte with its checksum; `deep` decodes everything, `against` compares with a run.

        Raises DamagedError or DifferenceError, each with all findings as `result`; with `check=False` it only returns them.
        """
        chosen = {"against": against, "deep": deep, "sample": sample, "steps": steps, "base": self.base, **options}
        code, document = call(["verify", argument(self.path), *flags(chosen)], progress=progress, accepted=(0, 1, 12))
        result = Verification.of(document)
        found = result.findings or result.differences
        if code == 0 or not check:
            return result
        first = found[0] if found else {}
        kind = DamagedError if code == 12 else DifferenceError
        error = kind(
            str(first.get("message", "not as it should be")) + (f"; {len(found) - 1} more" if len(found) > 1 else ""),
            code="damaged" if code == 12 else "different",
            exit_code=code,
            file=first.get("file"),
            offset=first.get("offset"),
            tensor=first.get("tensor"),
        )
        error.result = result
        raise error

    # Tensors and files.

    def stream(
        self,
        step: StepName = "latest",
        *,
        only: Only = "weights",
        names: Names = None,
        as_: Kind = None,
        device: Any = None,
        **options: Any,
    ) -> Iterator[tuple[str, Any]]:
        """Name and tensor, one after the other as they are decoded, so that never all are in memory.

        As `load`, which says what the arguments mean.
        """
        kind = as_ or ("torch" if importlib.util.find_spec("torch") else "numpy")
        if kind not in ("torch", "numpy"):
            raise ValueError(f"as_ is 'torch' or 'numpy', not {as_!r}")
        wanted = ["weights"] if only == "weights" else []
        if only not in ("weights", "all"):
            raise ValueError(f"only is 'weights' or 'all', not {only!r}")
        if names is not None:
            # A comma divides names; a question mark stands for any character.
            wanted += [name.replace(",", "?") for name in ([names] if isinstance(names, str) else names)]
            if len(wanted) == (only == "weights"):
                return
        chosen = {"as_": "safetensors", "only": wanted or None, "base": self.base, **options}
        for piece in self._cat(step, flags(chosen), pieces):
            yield piece.name, to_torch(piece, device) if kind == "torch" else to_numpy(piece)

    def load(
        self,
        step: StepName = "latest",
        *,
        only: Only = "weights",
        names: Names = None,
        as_: Kind = None,
        device: Any = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Tensors of a step by name, as `torch.nn.Module.load_state_dict` takes them. No file is restored.

        - `only`: the model's weights and buffers, or `"all"`: the optimizer's state as well, as `NAME.exp_avg` and the like.
        - `names`: patterns such as `"model.layers.0.*"`; nothing else is decoded. One that fits no tensor is an error.
        - `as_`: `"torch"` or `"numpy"`; torch where it is installed.
        - `device`: where torch tensors go.
        - `options`: of `varve cat`, such as `threads=4`.

        Every tensor is compared with the hash that was recorded when it was compressed.
        """
        return dict(self.stream(step, only=only, names=names, as_=as_, device=device, **options))

    def read(self, step: StepName, file: str, **options: Any) -> bytes:
        """One file of a checkpoint, such as `"config.json"`, as it would be restored."""
        chosen = flags({"base": self.base, **options})
        return b"".join(self._cat(step, [*chosen, "--", file], _blocks))

    def _cat(self, step: StepName, more: Iterable[str], parse: Any) -> Iterator[Any]:
        """What a parser makes of the output of `varve cat`. All of it came when this ends."""
        with started(["cat", argument(self.path), str(step), "--json", *more]) as (process, said):
            assert process.stdout is not None
            _widen(process.stdout)
            is_short, rest = False, b""
            try:
                yield from parse(process.stdout)
                rest = process.stdout.read(1)
            except EOFError:
                is_short = True
            code = 0 if rest else process.wait()
            if code:
                raise error_from(code, text_of(said))
            if is_short or rest:
                raise VarveError("the output is not as long as it said", code="malformed", file=self.path)

    # Checkpoints.

    def restore(
        self,
        step: StepName,
        output: StrPath,
        *,
        only: str | Iterable[str] | None = None,
        as_: Literal["safetensors"] | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        **options: Any,
    ) -> Numbers:
        """Writes steps back as checkpoints: one step's files into `output`, several (`"200-400"`, `"all"`) under their own
        names. The numbers of the steps."""
        wanted = only if only is None or isinstance(only, str) else ",".join(only)
        chosen = {
            "step": step, "output": output, "only": wanted, "as_": as_, "overwrite": overwrite, "base": self.base, **options
        }  # fmt: skip
        _, document = call(["restore", argument(self.path), *flags(chosen)], progress=progress)
        return [int(number) for number in document["steps"]]

    @contextlib.contextmanager
    def checkpoint(self, step: StepName = "latest", *, dir: StrPath | None = None, **options: Any) -> Iterator[Path]:
        """A checkpoint in a temporary directory, for as long as the block lasts: `trainer.train(resume_from_checkpoint=path)`.

        The path has the checkpoint's own name. It is a file where the checkpoint is one. `dir` is where it takes its room.
        """
        with contextlib.ExitStack() as stack:
            parent = Path(tempfile.mkdtemp(prefix="varve-", dir=dir))
            stack.callback(_remove, parent)
            known = self.list()
            wanted = [known[-1]] if step == "latest" and known else []
            for each in known:
                if str(step) in (str(each.number), each.checkpoint, Path(each.checkpoint).name):
                    wanted.append(each)
            own = wanted[0].checkpoint if wanted else ""
            name = Path(own).name or "checkpoint"
            self.restore(step, parent / "restored", **options)
            restored = parent / "restored"
            file = restored / name
            if file.is_file() and file.name not in ("restored", ""):
                yield file
                return
            target = parent / name
            restored.rename(target)
            yield target

    # What goes.

    def forget(
        self,
        *,
        keep_last: int | None = None,
        keep_every: int | None = None,
        steps: str | None = None,
        moments_only: bool = False,
        rebase: bool = False,
        dry_run: bool = False,
        undo: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        """Drops steps, or only their moments. They can be brought back (`undo`) until `prune`."""
        chosen = {
            "keep_last": keep_last, "keep_every": keep_every, "steps": steps, "moments_only": moments_only,
            "rebase": rebase, "dry_run": dry_run, "undo": undo, **options,
        }  # fmt: skip
        return call(["forget", argument(self.path), *flags(chosen)])[1]

    def prune(self, *, dry_run: bool = False, **options: Any) -> dict[str, Any]:
        """Frees what was forgotten, as far as no other step builds on it."""
        return call(["prune", argument(self.path), *flags({"dry_run": dry_run, **options})])[1]

    def pin(self, steps: StepName, *, remove: bool = False, **options: Any) -> dict[str, Any]:
        """Steps that are never forgotten."""
        return call(["pin", argument(self.path), *flags({"steps": steps, "remove": remove, **options})])[1]

    def repair(self, *, dry_run: bool = False, **options: Any) -> dict[str, Any]:
        """Mends damage."""
        return call(["repair", argument(self.path), *flags({"dry_run": dry_run, **options})])[1]


def open_archive(path: StrPath, *, base: StrPath | None = None) -> Archive:
    """The archive in a directory. Raises NotAnArchiveError where there is none."""
    archive = Archive(path, base=base)
    archive.list()
    return archive


def load(path: StrPath, step: StepName = "latest", **options: Any) -> dict[str, Any]:
    """`varve.open(path).load(step, ...)`."""
    return Archive(path, base=options.pop("base", None)).load(step, **options)


_BLOCK = 1 << 20


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while True:
        block = stream.read(_BLOCK)
        if not block:
            return
        yield block


def _widen(pipe: IO[bytes]) -> None:
    """A pipe of a megabyte instead of 64 kB: fewer turns between the two processes."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, getattr(fcntl, "F_SETPIPE_SZ", 1031), _BLOCK)


def _remove(root: Path) -> None:
    """Removes a tree, directories that may not be written to as well."""
    for folder, _, _ in os.walk(root):
        with contextlib.suppress(OSError):
            os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(root, ignore_errors=True)
