"""Varve compresses the checkpoints of a training run, and restores any of them.

    import varve

    varve.compress("out", quality="high")                # out.varve
    archive = varve.open("out.varve")
    model.load_state_dict(archive.load(800))             # no file is restored
    with archive.checkpoint(800) as path:
        trainer.train(resume_from_checkpoint=path)

`varve.transformers`, `varve.lightning` and `varve.torch` compress while a training goes on.
"""

from ._archive import Archive, load
from ._archive import open_archive as open
from ._command import binary
from ._compress import IncompleteWarning, compress
from ._errors import (
    CommandNotFoundError,
    DamagedError,
    DifferenceError,
    IncompleteError,
    LockedError,
    NoSpaceError,
    NotAnArchiveError,
    UsageError,
    VarveError,
)
from ._results import Compression, Report, Step, TensorInfo, Verification
from ._version import VERSION as __version__
from ._watch import Watch

__all__ = [
    "Archive",
    "CommandNotFoundError",
    "Compression",
    "DamagedError",
    "DifferenceError",
    "IncompleteError",
    "IncompleteWarning",
    "LockedError",
    "NoSpaceError",
    "NotAnArchiveError",
    "Report",
    "Step",
    "TensorInfo",
    "UsageError",
    "VarveError",
    "Verification",
    "Watch",
    "__version__",
    "binary",
    "compress",
    "load",
    "open",
]
