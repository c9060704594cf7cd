"""`python -m varve` and the script `varve` become the program."""

from __future__ import annotations

import os
import sys

from ._command import binary
from ._errors import CommandNotFoundError


def main() -> None:
    try:
        path = binary()
    except CommandNotFoundError as error:
        sys.exit(f"varve: {error}")
    os.execv(path, ["varve", *sys.argv[1:]])


if __name__ == "__main__":
    main()
