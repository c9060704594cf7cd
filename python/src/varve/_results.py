"""What the program says of its work, in Python's words. `raw` is always the whole document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Compression:
    """What `compress` did."""

    archive: str
    added: list[int]
    present: list[int]
    # (path, reason) of each checkpoint that was not taken.
    skipped: list[tuple[str, str]]
    # Paths of the run that are not in the archive.
    missing: list[str]
    removed: list[int]
    original_bytes: int
    stored_bytes: int
    # Whether all of the run that was asked for is in the archive.
    complete: bool
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def ratio(self) -> float:
        return self.original_bytes / max(1, self.stored_bytes)

    @classmethod
    def of(cls, archive: str, document: Mapping[str, Any]) -> Compression:
        return cls(
            archive=archive,
            added=list(document.get("added", [])),
            present=list(document.get("present", [])),
            skipped=[(item["path"], item["reason"]) for item in document.get("skipped", [])],
            missing=[item["path"] for item in document.get("missing", [])],
            removed=list(document.get("removed") or []),
            original_bytes=int(document.get("originalBytes", 0)),
            stored_bytes=int(document.get("storedBytes", 0)),
            complete=bool(document.get("isAsAsked", True)),
            raw=document,
        )


@dataclass(frozen=True)
class Step:
    """A step of an archive."""

    number: int
    checkpoint: str
    is_keyframe: bool
    has_moments: bool
    is_pinned: bool
    method: str
    original_bytes: int
    stored_bytes: int
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Step:
        return cls(
            number=int(row["step"]),
            checkpoint=str(row.get("checkpoint", "")),
            is_keyframe=bool(row.get("keyframe")),
            has_moments=bool(row.get("moments", True)),
            is_pinned=bool(row.get("pinned")),
            method=str(row.get("method", "")),
            original_bytes=int(row.get("originalBytes", 0)),
            stored_bytes=int(row.get("storedBytes", 0)),
            raw=row,
        )


@dataclass(frozen=True)
class TensorInfo:
    """What is known of a tensor without decoding it."""

    name: str
    role: str
    # The optimizer's key for it; empty for weights.
    key: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    # Whether a restore gives back every bit.
    is_exact: bool
    original_bytes: int
    stored_bytes: int
    # Squared error over squared change (weights) or over the sum of squares.
    error: float
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> TensorInfo:
        return cls(
            name=str(row["name"]),
            role=str(row["role"]),
            key=str(row.get("key", "")),
            dtype=str(row["dtype"]),
            shape=tuple(row["shape"]),
            file=str(row.get("file", "")),
            is_exact=bool(row.get("exact")),
            original_bytes=int(row["originalBytes"]),
            stored_bytes=int(row["storedBytes"]),
            error=float(row.get("relativeSquaredError") or 0.0),
            raw=row,
        )


@dataclass(frozen=True)
class Verification:
    """What `verify` found."""

    steps: list[int]
    compared: list[int]
    findings: list[Mapping[str, Any]]
    differences: list[Mapping[str, Any]]
    unrestorable: list[int]
    tensors_decoded: int
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def is_intact(self) -> bool:
        return not self.findings

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Verification:
        return cls(
            steps=list(document.get("steps", [])),
            compared=list(document.get("compared", [])),
            findings=list(document.get("findings", [])),
            differences=list(document.get("differences", [])),
            unrestorable=list(document.get("unrestorable", [])),
            tensors_decoded=int(document.get("tensorsDecoded", 0)),
            raw=document,
        )


@dataclass(frozen=True)
class Report:
    """What each layer, tensor, role, step or file costs: rows as dictionaries, and the sums."""

    by: str
    rows: list[dict[str, Any]]
    total: Mapping[str, Any]
    chain: Mapping[str, Any]
    keyframes: Mapping[str, Any]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def ratio(self) -> float:
        return float(self.total.get("ratio", 0.0))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_pandas(self) -> Any:
        import pandas

        return pandas.DataFrame(self.rows)

    @classmethod
    def of(cls, by: str, document: Mapping[str, Any]) -> Report:
        return cls(
            by=by,
            rows=list(_rows(by, document)),
            total=document.get("total", {}),
            chain=document.get("chain", {}),
            keyframes=document.get("keyframes", {}),
            raw=document,
        )


def _rows(by: str, document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if by == "layer":
        for row in document.get("layers", []):
            yield {"layer": row["layer"], **row.get("figures", {}), "weightError": row.get("weightError")}
    elif by == "role":
        for role, figures in document.get("roles", {}).items():
            yield {"role": role, **figures}
    elif by == "step":
        kept = (
            "step",
            "checkpoint",
            "keyframe",
            "method",
            "originalBytes",
            "storedBytes",
            "ratio",
            "pinned",
            "moments",
        )
        for step in document.get("steps", []):
            yield {key: step.get(key) for key in kept}
    else:
        inner = "tensors" if by == "tensor" else "files"
        for step in document.get("steps", []):
            for row in step.get(inner) or []:
                yield {"step": step["step"], **row}
