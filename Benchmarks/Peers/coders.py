"""The peers: each a few variants of a coder, of which the one with the smallest output counts.

A variant is prepared input, encoded and decoded. Preparing (differences of keys, XOR with the predecessor) is not
timed, where it is not the peer's own code: that favours the peer.
"""
from dataclasses import dataclass
from typing import Callable

import numpy as np
import pcodec.standalone
import z4ai
import zipnn
import zstandard
from pcodec import ChunkConfig, DeltaSpec

import graphs


# ---------------------------------------------------------------- what is done to bit patterns before a coder sees them
def keys(bits):
    """Bit patterns of floats as unsigned integers in the order of the numbers."""
    top = bits.dtype.type(1 << (8 * bits.itemsize - 1))
    return np.where(bits & top, ~bits, bits | top)


def from_keys(key):
    top = key.dtype.type(1 << (8 * key.itemsize - 1))
    return np.where(key & top, key ^ top, ~key)


PREPARED = {                                               # name: (there, back); integers wrap around
    "floats": (lambda bits, _: bits, lambda bits, _: bits),
    "keys": (lambda bits, _: keys(bits), lambda key, _: from_keys(key)),
    "key differences": (lambda bits, previous: keys(bits) - keys(previous),
                        lambda difference, previous: from_keys(difference + keys(previous))),
    "XOR": (np.bitwise_xor, np.bitwise_xor),
}


@dataclass
class Variant:
    """encode(values, previous) makes bytes, decode(bytes, previous, dtype) the values, all as unsigned integers."""
    name: str
    prepared: str
    encode: Callable
    decode: Callable

    def prepare(self, bits, previous):
        return np.ascontiguousarray(PREPARED[self.prepared][0](bits, previous))

    def restore(self, values, previous):
        return PREPARED[self.prepared][1](values, previous)


@dataclass
class Row:
    """A line of the tables: a peer in one of its modes."""
    peer: str
    name: str
    delta: bool                                            # needs a predecessor
    variants: Callable                                     # of the bits per value, 32 or 16
    counts: bool = True                                    # False: for orientation


# ---------------------------------------------------------------- the coders
def octets(values):
    """The same memory as bytes: copying is not the peer's work."""
    return values.view(np.uint8).data


def zipnn_variant(bits, delta, method):
    settings = dict(method=method, bytearray_dtype={32: "float32", 16: "bfloat16"}[bits], threads=1,
                    delta_compressed_type="byte" if delta else 0)

    def encode(values, previous):                          # ZipNN reorders its input in place: it gets a copy
        second = octets(previous) if delta else None
        return bytes(zipnn.ZipNN(**settings).compress(bytearray(octets(values)), delta_second_data=second))

    def decode(blob, previous, dtype):
        second = octets(previous) if delta else None
        return np.frombuffer(zipnn.ZipNN(**settings).decompress(blob, delta_second_data=second), dtype)
    return Variant(method.lower(), "floats", encode, decode)


def z4ai_variant(bits, delta, effort=None):
    dtype_name = {32: "fp32", 16: "bf16"}[bits]

    def encode(values, previous):
        if delta:
            return z4ai.compress_delta(octets(values), octets(previous), dtype=dtype_name, threads=1)
        return z4ai.compress(octets(values), dtype=dtype_name, threads=1, effort=effort)

    def decode(blob, previous, dtype):
        raw = z4ai.decompress_delta(blob, octets(previous)) if delta else z4ai.decompress(blob)
        return np.frombuffer(raw, dtype)
    return Variant("effort " + (effort or "default"), "floats", encode, decode)


def pcodec_variant(bits, prepared, level, search=True):
    """The default configuration: pcodec looks for a mode, and for a delta encoding along the array if `search`."""
    kind = {"floats": np.float32, "keys": np.uint16, "key differences": {32: np.int32, 16: np.int16}[bits]}[prepared]
    rest = {} if search else {"delta_spec": DeltaSpec.no_op()}
    config = ChunkConfig(compression_level=level, **rest)
    return Variant(prepared, prepared,
                   lambda values, _: pcodec.standalone.simple_compress(values.view(kind), config),
                   lambda blob, _, dtype: pcodec.standalone.simple_decompress(blob).view(dtype))


def pcodec_floats(bits, level, search=True):
    """pcodec knows no bfloat16: it gets ordered integers there."""
    return pcodec_variant(bits, "floats" if bits == 32 else "keys", level, search)


def openzl_variant(bits, prepared, graph):
    compressor = graphs.compressor(graph, bits)
    return Variant(f"{graph} on {prepared}", prepared,
                   lambda values, _: graphs.compress(compressor, values),
                   lambda blob, _, dtype: graphs.decompress(blob).view(dtype))


def zstd_variant(prepared, planes):
    def encode(values, _):
        raw = values.view(np.uint8).reshape(-1, values.itemsize)
        return zstandard.ZstdCompressor(level=3).compress((raw.T if planes else raw).tobytes())

    def decode(blob, _, dtype):
        raw = np.frombuffer(zstandard.ZstdDecompressor().decompress(blob), np.uint8)
        width = np.dtype(dtype).itemsize
        return (np.ascontiguousarray(raw.reshape(width, -1).T) if planes else raw).reshape(-1).view(dtype)
    return Variant(f"{'planes of ' if planes else ''}{prepared}", prepared, encode, decode)


def one(make, *arguments):
    return lambda bits: [make(bits, *arguments)]


ROWS = [
    Row("ZipNN", "ZipNN", False,
        lambda bits: [zipnn_variant(bits, False, method) for method in ("AUTO", "HUFFMAN", "ZSTD")]),
    Row("ZipNN", "ZipNN, delta", True, one(zipnn_variant, True, "AUTO")),
    Row("OpenZL", "OpenZL", False,
        lambda bits: [openzl_variant(bits, "floats", graph) for graph in graphs.GRAPHS]),
    Row("OpenZL", "OpenZL, on XOR or key differences", True,
        lambda bits: [openzl_variant(bits, prepared, graph) for prepared, graph in graphs.ON_DIFFERENCES]),
    Row("pcodec", "pcodec 8", False, one(pcodec_floats, 8)),
    Row("pcodec", "pcodec 8, no delta search", False, one(pcodec_floats, 8, False)),
    Row("pcodec", "pcodec 8, key differences", True, one(pcodec_variant, "key differences", 8)),
    Row("pcodec", "pcodec 8, key differences, no delta search", True,
        one(pcodec_variant, "key differences", 8, False)),
    Row("pcodec", "pcodec 12, key differences", True, one(pcodec_variant, "key differences", 12)),
    Row("z4ai", "z4ai", False, lambda bits: [z4ai_variant(bits, False), z4ai_variant(bits, False, "max")]),
    Row("z4ai", "z4ai, delta", True, one(z4ai_variant, True)),
    Row("zstd", "zstd -3 on byte planes", False, lambda bits: [zstd_variant("floats", True)], counts=False),
    Row("zstd", "zstd -3 on byte planes of XOR", True, lambda bits: [zstd_variant("XOR", True)], counts=False),
    Row("zstd", "zstd -3", False, lambda bits: [zstd_variant("floats", False)], counts=False),
]
