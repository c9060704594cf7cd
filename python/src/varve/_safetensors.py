"""Tensors from a stream of safetensors, as numpy or torch know them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from ._errors import VarveError

# A header of a million tensors has some 100 MB.
_LARGEST_HEADER = 1 << 30

_NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "C64": "<c8", "C128": "<c16", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip
# What numpy does not have: its name in ml_dtypes, and how its bits become a float: exponent bits, mantissa bits, bias, and
# whether all ones are infinity and NaN ("ieee"), NaN alone ("finite"), or nothing, minus zero being NaN ("unsigned zero").
_SMALL_FLOATS = {
    "F8_E4M3": ("float8_e4m3fn", 4, 3, 7, "finite"),
    "F8_E5M2": ("float8_e5m2", 5, 2, 15, "ieee"),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 4, 3, 8, "unsigned zero"),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 5, 2, 16, "unsigned zero"),
}
_TORCH = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "C64": "complex64", "C128": "complex128",
    "BOOL": "bool", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip


class Piece(NamedTuple):
    """A tensor as it stands in the stream."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytearray


def _fill(stream: IO[bytes], size: int) -> bytearray:
    """So many bytes; fewer only at the end of the stream."""
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            view.release()
            del data[done:]
            break
        done += count
    return data


def pieces(stream: IO[bytes]) -> Iterator[Piece]:
    """Each tensor when all of it has come. Raises EOFError where the stream ends before."""
    length = int.from_bytes(_exactly(stream, 8), "little")
    if length > _LARGEST_HEADER:
        raise VarveError("that is no safetensors header", code="malformed")
    header = json.loads(_exactly(stream, length))
    header.pop("__metadata__", None)
    position = 0
    for name, entry in sorted(header.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        begin, last = entry["data_offsets"]
        if begin != position:
            raise VarveError("tensors that do not follow each other", code="malformed", tensor=name)
        yield Piece(name, entry["dtype"], tuple(entry["shape"]), _exactly(stream, last - begin))
        position = last


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    data = _fill(stream, size)
    if len(data) < size:
        raise EOFError
    return data


def to_torch(piece: Piece, device: Any = None) -> Any:
    """A tensor that has its memory for itself; nothing is copied, unless to a device."""
    import torch

    name = _TORCH.get(piece.dtype)
    dtype = getattr(torch, name, None) if name else None
    if dtype is None:
        raise VarveError(f"torch {torch.__version__} has no type for {piece.dtype}", code="unsupported", tensor=piece.name)
    if piece.data:
        tensor = torch.frombuffer(piece.data, dtype=dtype).reshape(piece.shape)
    else:
        tensor = torch.empty(piece.shape, dtype=dtype)
    return tensor if device is None else tensor.to(device)


def to_numpy(piece: Piece) -> Any:
    """An array that has its memory for itself. What numpy has no type for is of ml_dtypes where that is installed, and
    float32 with the same values elsewhere."""
    import numpy

    known = _NUMPY.get(piece.dtype)
    if known:
        return numpy.frombuffer(piece.data, numpy.dtype(known)).reshape(piece.shape)
    small = _SMALL_FLOATS.get(piece.dtype)
    name = "bfloat16" if piece.dtype == "BF16" else "float8_e8m0fnu" if piece.dtype == "F8_E8M0" else small and small[0]
    if name is None:
        raise VarveError(f"numpy has no type for {piece.dtype}", code="unsupported", tensor=piece.name)
    try:
        import ml_dtypes

        dtype = getattr(ml_dtypes, name)
    except (ImportError, AttributeError):
        return _widened(piece)
    return numpy.frombuffer(piece.data, dtype).reshape(piece.shape)


def _widened(piece: Piece) -> Any:
    """The same values as float32."""
    import numpy

    if piece.dtype == "BF16":
        words = numpy.frombuffer(piece.data, "<u2").astype("<u4") << 16
        return words.view("<f4").reshape(piece.shape)
    if piece.dtype == "F8_E8M0":
        table = numpy.array([math.ldexp(1, code - 127) if code < 255 else math.nan for code in range(256)], "<f4")
    else:
        table = numpy.array([_value(code, *_SMALL_FLOATS[piece.dtype][1:]) for code in range(256)], "<f4")
    return table[numpy.frombuffer(piece.data, "u1")].reshape(piece.shape)


def _value(code: int, exponent_bits: int, mantissa_bits: int, bias: int, kind: str) -> float:
    """The value of a float of 8 bits."""
    sign = -1.0 if code & 0x80 else 1.0
    exponent, mantissa = (code & 0x7F) >> mantissa_bits, code & (1 << mantissa_bits) - 1
    largest = (1 << exponent_bits) - 1
    if kind == "unsigned zero" and code == 0x80:
        return math.nan
    if kind == "ieee" and exponent == largest:
        return math.nan if mantissa else sign * math.inf
    if kind == "finite" and code & 0x7F == 0x7F:
        return math.nan
    if exponent == 0:
        return sign * math.ldexp(mantissa, 1 - bias - mantissa_bits)
    return sign * math.ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits)
