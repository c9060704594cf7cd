"""Checkpoints into an archive."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from ._command import Progress, StrPath, argument, call, flags
from ._errors import IncompleteError
from ._results import Compression

Quality = Literal["lossless", "high", "balanced", "small"]


class IncompleteWarning(UserWarning):
    """Something of a run is not in its archive."""


def archive_of(run: StrPath) -> str:
    """The archive of a run where none is named: `RUN.varve` beside it."""
    text = os.fspath(run).rstrip("/") or "/"
    return text + ".varve" if Path(text).name not in ("", ".", "..") else str(Path(text).resolve()) + ".varve"


def compress(
    run: StrPath,
    archive: StrPath | None = None,
    *,
    quality: Quality | None = None,
    steps: str | Iterable[int | str] | None = None,
    base: StrPath | None = None,
    threads: int | None = None,
    memory: int | str | None = None,
    keyframe_every: int | None = None,
    remove_source: bool = False,
    keep_last: int | None = None,
    wait: bool | float | None = None,
    strict: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Compression:
    """Adds every complete checkpoint of a run that its archive does not have yet; RUN.varve where none is named.

    - `quality`: `"lossless"`, `"high"`, `"balanced"` (the program's default, lossy) or `"small"`.
    - `remove_source`: originals go after they were decoded from the archive and compared, but the newest `keep_last`.
    - `wait`: if another process writes to the archive, wait for it, for so many seconds or (True) until it is done.
    - `strict`: raise IncompleteError if something of the run is not in the archive; else it is a warning.
    - `progress`: gets each event of the work as a dictionary with a `type`.
    - `options`: any other option of `varve compress`: `step_size=1.2` is --step-size 1.2, `replace=True` is --replace.
    """
    chosen = {
        "quality": quality, "steps": steps, "base": base, "threads": threads, "memory": memory,
        "keyframe_every": keyframe_every, "remove_source": remove_source, "keep_last": keep_last, "wait": wait, **options,
    }  # fmt: skip
    result = run_compress(run, archive, chosen, progress)
    if not result.complete:
        text = shortfall(run, result)
        if strict:
            error = IncompleteError(text, code="incomplete", exit_code=3)
            error.result = result
            raise error
        warnings.warn(text, IncompleteWarning, stacklevel=2)
    return result


def run_compress(
    run: StrPath, archive: StrPath | None, options: Mapping[str, Any], progress: Progress | None = None
) -> Compression:
    """The same without a word of what is missing."""
    target = archive_of(run) if archive is None else os.fspath(archive)
    arguments = ["compress", argument(run), argument(target), *flags(options)]
    _, document = call(arguments, progress=progress, accepted=(0, 3))
    return Compression.of(target, document)


def shortfall(run: StrPath, result: Compression) -> str:
    """What of a run is not in its archive, in words."""
    named = [f"{path}: {reason}" for path, reason in result.skipped]
    skipped = {path for path, _ in result.skipped}
    named += [path for path in result.missing if path not in skipped]
    text = "; ".join(named[:5]) + ("; ..." if len(named) > 5 else "")
    return f"not all of {os.fspath(run)} is in {result.archive}: {text}"
