"""`varve watch` beside a training."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ._command import StrPath, argument, binary, end, flags, text_of
from ._compress import Quality, archive_of, run_compress, shortfall
from ._errors import error_from
from ._results import Compression

logger = logging.getLogger("varve")

# What only `varve watch` knows.
_ONLY_WATCH = ("settle", "retries", "idle")
# What says how much may be lost; originals are removed only if one of them does.
_LOSSES = ("quality", "step_size", "method")


class Watch:
    """Compresses the checkpoints of a run while it is trained, in a process of its own.

        with varve.Watch("out", quality="high"):
            train()

    Each checkpoint is taken when it is complete, decoded again and compared. The process ends with `stop`, or by itself when
    this process has ended, killed or not, and all that it left is in the archive. `stop` adds what is still missing.
    """

    def __init__(
        self,
        run: StrPath,
        archive: StrPath | None = None,
        *,
        quality: Quality | None = None,
        remove_source: bool = False,
        keep_last: int | None = None,
        nice: int = 10,
        **options: Any,
    ) -> None:
        """`nice` is how much the process gives way to others; `options` are those of `varve watch`."""
        self.run = os.fspath(run)
        self.archive = archive_of(run) if archive is None else os.fspath(archive)
        self._options = {"quality": quality, "remove_source": remove_source, "keep_last": keep_last, **options}
        self._options.setdefault("wait", True)
        self._nice = nice
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._news = _News()
        check_removal(self._options)

    def start(self) -> Watch:
        """Begins to watch. The run need not be there yet."""
        if self._process is not None:
            return self
        command = [binary(), "watch", argument(self.run), argument(self.archive), "--json-lines"]
        command += flags({"pid": os.getpid(), **self._options})
        nice = shutil.which("nice")
        if self._nice and nice:
            command = [nice, "-n", str(self._nice), *command]
        said = tempfile.TemporaryFile()
        # A session of its own: Ctrl-C ends the training, and the last checkpoint is taken all the same.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, start_new_session=True
        )
        self._process = process
        self._reader = threading.Thread(
            target=_follow, args=(process, said, self.run, self._news), daemon=True, name="varve watch"
        )
        self._reader.start()
        return self

    def wait(self, steps: Iterable[int], left: int = 0, *, patience: float = 60.0) -> set[int]:
        """Waits until all but `left` of these steps are in the archive and compared; those that are not.

        It gives up when the watch has told nothing for `patience` seconds, or has ended.
        """
        return self._news.wait(set(steps), left, patience)

    def stop(self) -> Compression | None:
        """Ends watching and adds what is not in the archive yet; None where there was nothing to add."""
        process, self._process = self._process, None
        if process is not None:
            end(process)
        if self._reader is not None:
            self._reader.join(10)
        if not Path(self.run).exists():
            return None
        return compress_logged(self.run, self.archive, self._options)

    def __enter__(self) -> Watch:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.stop()
            return
        # What ended the training must be seen, not what comes of it here.
        with logged("compressing what is left"):
            self.stop()


def check_removal(options: dict[str, Any]) -> None:
    """Originals must not go for a loss that nobody asked for."""
    if options.get("remove_source") and not any(options.get(name) for name in _LOSSES):
        raise ValueError("remove_source removes originals: say what is kept of them, quality='lossless', 'high', ...")


def compress_logged(run: str, archive: str, options: dict[str, Any]) -> Compression:
    """Compresses with the options of a watch, and logs what is missing. (Warnings belong to the thread of the caller.)"""
    chosen = {name: value for name, value in options.items() if name not in _ONLY_WATCH}
    result = run_compress(run, archive, chosen)
    if not result.complete:
        logger.warning("%s", shortfall(run, result))
    return result


@contextlib.contextmanager
def logged(what: str) -> Iterator[None]:
    """What goes wrong inside is logged and goes no further: no training ends because of it."""
    try:
        yield
    except Exception as error:
        logger.error("%s failed: %s", what, error, exc_info=not hasattr(error, "exit_code"))


class _News:
    """What a watch has told."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._verified: set[int] = set()
        self._last = time.monotonic()
        self._has_ended = False

    def tell(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._last = time.monotonic()
            if event.get("type") == "verified":
                self._verified.add(int(event["step"]))
            self._lock.notify_all()

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
            self._lock.notify_all()

    def wait(self, steps: set[int], left: int, patience: float) -> set[int]:
        with self._lock:
            began = time.monotonic()
            while len(steps - self._verified) > left and not self._has_ended:
                rest = max(began, self._last) + patience - time.monotonic()
                if rest <= 0:
                    break
                self._lock.wait(rest)
            return steps - self._verified


def _follow(process: subprocess.Popen[bytes], said: Any, run: str, news: _News) -> None:
    """Logs what the process tells, until it ends."""
    assert process.stdout is not None
    with said, process.stdout:
        for line in process.stdout:
            try:
                event = json.loads(line)
                news.tell(event)
                _log(event, run)
            except (ValueError, KeyError, TypeError):
                logger.debug("varve watch: %r", line)
        code = process.wait()
        news.end()
        # Interrupted is how `stop` ends it; 3 was said in notices.
        if code not in (0, 3, 130, 143, -15):
            logger.error("watching %s ended: %s", run, error_from(code, text_of(said)))


def _log(event: dict[str, Any], run: str) -> None:
    kind = event.get("type")
    if kind == "finished":
        original, stored = int(event["originalBytes"]), int(event["storedBytes"])
        ratio = original / max(1, stored)
        logger.info("%s: step %s: %.1f MB -> %.2f MB, %.1fx", run, event["step"], original / 1e6, stored / 1e6, ratio)
    elif kind == "removed":
        logger.info("%s: step %s: original removed", run, event.get("step"))
    elif kind == "notice":
        logger.warning("%s: %s", run, event["message"])
