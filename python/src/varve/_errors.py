"""What went wrong, as the program says it."""

from __future__ import annotations

import json
from typing import Any


class VarveError(Exception):
    """The program refused something or failed.

    `code` is a word for the kind of failure, as in the program's JSON (`damaged`, `usage`, `noSpace`, ...); `file`,
    `offset` and `tensor` say where, as far as that is known. `exit_code` is the program's.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "inputOutput",
        exit_code: int = 1,
        file: str | None = None,
        offset: int | None = None,
        tensor: str | None = None,
        cause: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.exit_code = exit_code
        self.file = file
        self.offset = offset
        self.tensor = tensor
        self.cause = cause

    def __str__(self) -> str:
        text = f"{self.file}: " if self.file else ""
        if self.offset is not None:
            text += f"at byte {self.offset}: "
        if self.tensor:
            text += f"tensor {self.tensor}: "
        return text + self.message + (f" ({self.cause})" if self.cause else "")


class UsageError(VarveError):
    """The request makes no sense: no such step, options that exclude each other."""


class IncompleteError(VarveError):
    """Done, but something of the run is not in the archive. `result` has what was done."""

    result: Any = None


class DifferenceError(VarveError):
    """A comparison found a difference. `result` has all of them."""

    result: Any = None


class NotAnArchiveError(VarveError):
    """The path holds no archive."""


class LockedError(VarveError):
    """Another process writes to the archive; `wait=` waits for it."""


class DamagedError(VarveError):
    """Stored bytes are not what was written. `result` has all that was found, if the archive was verified."""

    result: Any = None


class NoSpaceError(VarveError):
    """The disk or the quota is full."""


class CommandNotFoundError(VarveError):
    """There is no program `varve`."""


_KINDS: dict[int, type[VarveError]] = {
    2: UsageError,
    3: IncompleteError,
    10: NotAnArchiveError,
    11: LockedError,
    12: DamagedError,
    13: NoSpaceError,
}


def error_from(exit_code: int, said: str) -> VarveError:
    """The error that standard error tells: its last line of JSON, or all of it."""
    kind = _KINDS.get(exit_code, VarveError)
    for line in reversed(said.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("type") == "error":
            return kind(
                str(found.get("message", "")),
                code=str(found.get("code", "inputOutput")),
                exit_code=exit_code,
                file=found.get("file"),
                offset=found.get("offset"),
                tensor=found.get("tensor"),
                cause=found.get("cause"),
            )
    if exit_code < 0:
        return kind(f"varve was ended by signal {-exit_code}", code="interrupted", exit_code=exit_code)
    text = said.strip()[-2000:] or f"varve ended with code {exit_code}"
    return kind(text.removeprefix("varve: "), exit_code=exit_code)
