"""Every type as torch has it, whether numpy knows it or not."""

import builtins
import io
import json

import numpy
import pytest
import torch
from safetensors.torch import save

from varve import VarveError
from varve._safetensors import Piece, pieces, to_numpy, to_torch

TORCH = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.bool),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64),
    *(torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu),
]


@pytest.fixture
def no_ml_dtypes(monkeypatch):
    known = builtins.__import__

    def importing(name, *arguments, **named):
        if name == "ml_dtypes":
            raise ImportError(name)
        return known(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", importing)


@pytest.mark.parametrize("dtype", TORCH, ids=str)
def test_types(dtype, no_ml_dtypes):
    codes = torch.arange(256, dtype=torch.uint8)
    if dtype == torch.bool:
        tensor = codes % 2 == 0
    elif dtype.itemsize == 1:
        tensor = codes.view(dtype)
    else:
        words = torch.arange(0, 256 * dtype.itemsize, dtype=torch.int32).to(torch.uint8)
        tensor = words.view(dtype)
    tensors = {"a": tensor.reshape(16, 16).clone(), "scalar": tensor[3].clone(), "empty": tensor[:0].clone()}
    try:
        data = save(tensors)
    except KeyError:
        pytest.skip("safetensors does not write it")
    found = {piece.name: piece for piece in pieces(io.BytesIO(data))}
    assert found.keys() == tensors.keys()
    for name, wanted in tensors.items():
        mine = to_torch(found[name])
        assert mine.dtype == dtype and mine.shape == wanted.shape
        assert mine.contiguous().flatten().view(torch.uint8).equal(wanted.flatten().view(torch.uint8))
        array = to_numpy(found[name])
        exact = wanted.float().numpy() if array.dtype == numpy.float32 else wanted.numpy()
        assert array.shape == tuple(wanted.shape)
        assert numpy.array_equal(array, exact, equal_nan=array.dtype.kind in "fc")


def test_tensors_can_be_written_to():
    piece = next(pieces(io.BytesIO(save({"a": torch.zeros(4)}))))
    to_torch(piece).add_(1)
    array = to_numpy(piece)
    array += 1
    assert array.tolist() == [2, 2, 2, 2]


def test_what_is_cut_short_is_no_tensor():
    data = save({"a": torch.zeros(40), "b": torch.ones(40)})
    for length in (0, 5, 12, len(data) - 1):
        with pytest.raises(EOFError):
            list(pieces(io.BytesIO(data[:length])))
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}).encode()
    with pytest.raises(VarveError):
        list(pieces(io.BytesIO(len(header).to_bytes(8, "little") + header + bytes(8))))
    with pytest.raises(VarveError):
        list(pieces(io.BytesIO(b"\xff" * 8)))


def test_unknown_types_are_named():
    for convert in (to_torch, to_numpy):
        with pytest.raises(VarveError, match="F4") as caught:
            convert(Piece("t", "F4", (2,), bytearray(1)))
        assert caught.value.tensor == "t"
