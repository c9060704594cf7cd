"""A callback and a CheckpointIO for Lightning."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

try:
    from lightning.pytorch import Callback
    from lightning.pytorch.plugins import CheckpointIO, TorchCheckpointIO
except ImportError:
    from pytorch_lightning import Callback
    from pytorch_lightning.plugins import CheckpointIO, TorchCheckpointIO

from ._archive import Archive
from ._background import BackgroundCompressor
from ._command import StrPath
from ._watch import Watch, check_removal, logged


class VarveCallback(Callback):
    """Compresses the checkpoints of a ModelCheckpoint while the training goes on, whatever writes them.

        Trainer(callbacks=[ModelCheckpoint(...), VarveCallback(quality="high")])

    `run` is the directory that is watched; where it is left out the first ModelCheckpoint's, else the trainer's. Only the first
    process of a training does it. What goes wrong is logged (logger "varve") and never ends a training.
    """

    def __init__(
        self,
        run: StrPath | None = None,
        archive: StrPath | None = None,
        *,
        remove_source: bool = False,
        **options: Any,
    ) -> None:
        """`options` are those of `varve.Watch`, such as `quality=`."""
        self._run, self._archive = run, archive
        self._options = {"remove_source": remove_source, **options}
        self._watch: Watch | None = None
        check_removal(self._options)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.is_global_zero or self._watch is not None:
            return
        with logged("varve watch"):
            folders = [each.dirpath for each in trainer.checkpoint_callbacks if getattr(each, "dirpath", None)]
            run = self._run or (folders[0] if folders else trainer.default_root_dir)
            self._watch = Watch(run, self._archive, **self._options).start()

    # Not the end of the training: a ModelCheckpoint writes its last one then.
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self._stop()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._stop()

    def _stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            with logged("compressing the last checkpoints"):
                watch.stop()


class VarveCheckpointIO(CheckpointIO):
    """Compresses each checkpoint in the background after another CheckpointIO has written it, and reads archives.

        Trainer(plugins=[VarveCheckpointIO(quality="high")])
        trainer.fit(model, ckpt_path="checkpoints.varve#40")     # step 40 of an archive

    A checkpoint that is removed (`save_top_k`) was compressed before; where that failed, it stays.
    """

    def __init__(self, checkpoint_io: CheckpointIO | None = None, archive: StrPath | None = None, **options: Any) -> None:
        """`options` are those of `varve.compress`, such as `quality=`."""
        self._inner = checkpoint_io or TorchCheckpointIO()
        self._archive = archive
        self._options = options
        self._compressors: dict[str, BackgroundCompressor] = {}
        check_removal(options)

    def save_checkpoint(self, checkpoint: dict[str, Any], path: StrPath, storage_options: Any = None) -> None:
        if storage_options is None:
            self._inner.save_checkpoint(checkpoint, path)
        else:
            self._inner.save_checkpoint(checkpoint, path, storage_options)
        with logged("varve compress"):
            self._compressor(path).request()

    def load_checkpoint(self, path: StrPath, *args: Any, **kwargs: Any) -> Any:
        archive, step = split(path)
        if archive is None:
            found: dict[str, Any] = self._inner.load_checkpoint(path, *args, **kwargs)
            return found
        with Archive(archive).checkpoint(step) as restored:
            return self._inner.load_checkpoint(str(restored), *args, **kwargs)

    def remove_checkpoint(self, path: StrPath) -> None:
        result = None
        with logged("varve compress"):
            result = self._compressor(path).request().result()
        if result is None or any(os.fspath(path).endswith(skipped) for skipped, _ in result.skipped):
            return
        if os.path.lexists(path):
            self._inner.remove_checkpoint(path)

    def teardown(self) -> None:
        for compressor in self._compressors.values():
            compressor.wait()
        with contextlib.suppress(NotImplementedError):
            self._inner.teardown()

    def _compressor(self, path: StrPath) -> BackgroundCompressor:
        run = str(Path(path).parent)
        if run not in self._compressors:
            self._compressors[run] = BackgroundCompressor(run, self._archive, **self._options)
        return self._compressors[run]


def split(path: StrPath) -> tuple[str | None, str]:
    """`run.varve#40` as archive and step, `run.varve` as its latest one; None where it is no archive."""
    archive, mark, step = os.fspath(path).partition("#")
    if (mark or archive.endswith(".varve")) and Path(archive, "archive.manifest").exists():
        return archive, step or "latest"
    return None, ""
