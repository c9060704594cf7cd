"""For loops of one's own: `save` in place of `torch.save`, and what compresses after `torch.distributed.checkpoint`."""

from __future__ import annotations

import os
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch

from ._background import BackgroundCompressor
from ._command import StrPath
from ._results import Compression

_compressors: dict[tuple[str, str | None], BackgroundCompressor] = {}


def save(
    obj: Any, path: StrPath, *, archive: StrPath | None = None, compress: bool = True, **options: Any
) -> Future[Compression | None] | None:
    """`torch.save`, and then the directory of `path` is compressed in the background.

        varve.torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "out/ckpt_400.pt")

    The file gets its name when all of it is written. Of a distributed training only the first process compresses. What goes
    wrong while compressing is logged (logger "varve"), and the result is None then. `options` are those of `varve.compress`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".varve-tmp-{os.getpid()}-{target.name}")
    try:
        torch.save(obj, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    if not compress or not is_first():
        return None
    return compressor(target.parent, archive, **options).request()


def compress_after(
    saved: Any, run: StrPath, archive: StrPath | None = None, **options: Any
) -> Future[Compression | None] | None:
    """Compresses a run when `torch.distributed.checkpoint.async_save` has written its checkpoint.

        varve.torch.compress_after(dcp.async_save(state, checkpoint_id="out/step-400"), "out")

    `saved` is what `async_save` returned. Every process may call it; only the first one compresses.
    """
    if not is_first():
        return None
    compress = compressor(run, archive, **options)
    answer: Future[Compression | None] = Future()

    def begin(done: Any) -> None:
        if done.exception() is not None:
            answer.set_result(None)  # whoever waits for the save is told why
            return
        compress.request().add_done_callback(lambda one: answer.set_result(one.result()))

    getattr(saved, "upload_completion", saved).add_done_callback(begin)
    return answer


def compressor(run: StrPath, archive: StrPath | None = None, **options: Any) -> BackgroundCompressor:
    """The one that compresses a run in this process. Options count when it is made."""
    key = (os.path.abspath(run), None if archive is None else os.path.abspath(archive))
    if key not in _compressors:
        _compressors[key] = BackgroundCompressor(run, archive, **options)
    return _compressors[key]


def wait(timeout: float | None = None) -> bool:
    """Waits until all that was asked for is compressed; whether it is."""
    return all(each.wait(timeout) for each in list(_compressors.values()))


def is_first() -> bool:
    """Whether this is the first process of a distributed training, or the only one."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
