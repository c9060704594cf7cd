"""A reader of Varve archives in pure Python, written from the format documents alone.

`restore(archive, step, output)` gives back one checkpoint, `restore_all` the whole run, `steps` says what there is. It is
slow, needs neither Varve nor a compiler, and is what an archive can be read with when all else is gone.
"""
from .decoder import DAMAGED, Decoder
from .records import Damaged
from .restoring import restore, restore_all, steps

__all__ = ["DAMAGED", "Damaged", "Decoder", "restore", "restore_all", "steps"]
__version__ = "0.1.0"
