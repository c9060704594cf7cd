"""A callback for the Hugging Face Trainer."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from ._command import StrPath
from ._watch import Watch, check_removal, logged


class VarveCallback(TrainerCallback):
    """Compresses the Trainer's checkpoints while it trains.

        Trainer(..., callbacks=[VarveCallback(quality="high")])

    The archive is `OUTPUT_DIR.varve` unless `archive` names another. Beside `save_total_limit` nothing is lost: before the
    Trainer would remove a checkpoint that is not in the archive yet, the training waits. `remove_source=True` removes
    originals itself, all but the newest `keep_last`, each after it was decoded from the archive and compared. Only the first
    process of a training does it. What goes wrong is logged (logger "varve") and never ends a training.
    """

    def __init__(self, archive: StrPath | None = None, *, remove_source: bool = False, **options: Any) -> None:
        """`options` are those of `varve.Watch`, such as `quality=`."""
        self._archive = archive
        self._options = {"remove_source": remove_source, **options}
        self._watch: Watch | None = None
        self._saved: set[int] = set()
        check_removal(self._options)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero and self._watch is None:
            with logged("varve watch"):
                self._watch = Watch(args.output_dir, self._archive, **self._options).start()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._watch is None or not args.save_total_limit:
            return
        self._saved.add(state.global_step)
        with logged("waiting for varve watch"):
            # At the next save so many of them stay, and the new one.
            left = args.save_total_limit - 1
            missing = self._watch.wait(self._saved, left)
            # What it did not take in all that time it will not take now.
            self._saved = missing if len(missing) <= left else set()

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            with logged("compressing the last checkpoints"):
                watch.stop()
