"""The program: where it is, and how it is called."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Callable, Union

from ._errors import CommandNotFoundError, error_from

StrPath = Union[str, "os.PathLike[str]"]
Progress = Callable[[dict[str, Any]], object]

# What is asked to end is given so many seconds for it.
_PATIENCE = 30.0


def binary() -> str:
    """The path of the program: the one in this package, else $VARVE, else the one on PATH."""
    bundled = Path(__file__).parent / "bin" / "varve"
    if os.access(bundled, os.X_OK):
        return str(bundled)
    named = os.environ.get("VARVE")
    if named:
        found = shutil.which(named)
        if found is None:
            raise CommandNotFoundError(f"$VARVE is {named}, which cannot be run", code="notFound")
        return found
    for folder in os.get_exec_path():
        candidate = Path(folder, "varve")
        if os.access(candidate, os.X_OK) and candidate.is_file() and not _is_script(candidate):
            return str(candidate)
    raise CommandNotFoundError(
        "there is no program varve: it is not in this package, $VARVE is not set, and PATH does not have it",
        code="notFound",
    )


def _is_script(path: Path) -> bool:
    """Whether it is the script that came with this package, which would call itself for ever."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(2) == b"#!"
    return False


def argument(value: StrPath) -> str:
    """A path as an argument, never to be taken for an option."""
    text = os.fspath(value)
    return "./" + text if text.startswith("-") else text


def flags(options: Mapping[str, Any]) -> list[str]:
    """Options of the program from those of a function: `keep_last=2` is --keep-last=2, True a flag, None or False nothing."""
    found: list[str] = []
    for name, value in options.items():
        option = "--" + name.strip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            found.append(option)
        elif name == "wait":
            # An option that may stand alone takes no value behind an equals sign.
            found += [option, str(value)]
        elif isinstance(value, (list, tuple, set, frozenset, range)):
            found.append(f"{option}={','.join(str(item) for item in value)}")
        else:
            found.append(f"{option}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks a process to end, so that it cleans up, and waits."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def started(arguments: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The program at work, with standard output as a pipe, and the file that takes standard error. Leaving ends it."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        try:
            yield process, said
        except BaseException:
            if process.stdout:
                process.stdout.close()
            end(process)
            raise
        finally:
            if process.stdout:
                process.stdout.close()
            process.wait()


def text_of(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def call(
    arguments: Sequence[str], *, progress: Progress | None = None, accepted: Sequence[int] = (0,)
) -> tuple[int, dict[str, Any]]:
    """Runs the program to its end: its exit code and its JSON document.

    - `progress` gets each event of the work as a dictionary with a `type`.
    - `accepted`: exit codes that come with a document and are no error.
    """
    form = "--json" if progress is None else "--json-lines"
    document: dict[str, Any] = {}
    with started([*arguments, form]) as (process, said):
        assert process.stdout is not None
        if progress is None:
            output = process.stdout.read()
        else:
            output = b""
            for line in process.stdout:
                if output:
                    progress(json.loads(output))
                output = line
        code = process.wait()
        if code not in accepted:
            raise error_from(code, text_of(said))
        document = json.loads(output) if output.strip() else {}
    return code, document
