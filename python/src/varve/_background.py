"""Compression in a thread of its own, one call of the program at a time."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import Any

from ._command import StrPath
from ._compress import archive_of
from ._results import Compression
from ._watch import check_removal, compress_logged, logged


class BackgroundCompressor:
    """Compresses a run whenever it is asked to, in a thread, and never ends a training: what goes wrong is logged.

    Requests that come while it works are answered together, by the next call of the program: it takes all that is there.
    """

    def __init__(self, run: StrPath, archive: StrPath | None = None, **options: Any) -> None:
        self.run = os.fspath(run)
        self.archive = archive_of(run) if archive is None else os.fspath(archive)
        self._options: dict[str, Any] = {"wait": True, **options}
        check_removal(self._options)
        self._lock = threading.Condition()
        self._waiting: list[Future[Compression | None]] = []
        self._is_working = False

    def request(self) -> Future[Compression | None]:
        """Asks for it, now. The result comes when all that is in the run at this moment was taken; None where that failed."""
        future: Future[Compression | None] = Future()
        with self._lock:
            self._waiting.append(future)
            if not self._is_working:
                self._is_working = True
                # No daemon: the interpreter waits for it at its end, so the last checkpoint is not lost.
                threading.Thread(target=self._work, name="varve compress").start()
        return future

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until all that was asked for is done; whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._is_working, timeout)

    def _work(self) -> None:
        while True:
            with self._lock:
                answered, self._waiting = self._waiting, []
                if not answered:
                    self._is_working = False
                    self._lock.notify_all()
                    return
            result: Compression | None = None
            with logged(f"compressing {self.run}"):
                result = compress_logged(self.run, self.archive, self._options)
            for future in answered:
                future.set_result(result)
