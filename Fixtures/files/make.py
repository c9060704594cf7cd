"""Makes the odd torch and safetensors files in odd/, zip files that are no torch files in other/, the table of what every
file holds (tensors.tsv), pickles of one object in every protocol (pickles.tsv), and the verdicts of the reference
implementation on safetensors headers (safetensors-rules.tsv). The files in real/ come from small training runs.

    python make.py            # in this directory; needs torch >= 2.9, numpy, safetensors

tensors.tsv (without lazily conjugated and negated ones): file, tensor, dtype (safetensors' name), shape (comma separated), CRC-32 of the contiguous bytes.
safetensors-rules.tsv: accept or reject, declared header length (- for the true one), header in hexadecimal, bytes of
data behind it, and what is tried.
"""

import argparse
import collections
import pathlib
import pickle
import struct
import sys
import zipfile
import zlib

import numpy
import safetensors
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent

NAMES = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.uint16: "U16", torch.int16: "I16",
    torch.uint32: "U32", torch.int32: "I32", torch.uint64: "U64", torch.int64: "I64", torch.float16: "F16",
    torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64", torch.complex32: "C32",
    torch.complex64: "C64", torch.complex128: "C128", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ", torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e8m0fnu: "F8_E8M0",
    torch.float4_e2m1fn_x2: "F4",
}


def content(tensor):
    """Contiguous little-endian bytes."""
    tensor = tensor.detach().cpu()
    if tensor.numel() == 0:
        return b""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.dtype != torch.bool else (
        tensor.contiguous().reshape(-1).numpy().tobytes())


def walk(value, path, out):
    """Every tensor with its name, as the reader names it."""
    def join(part):
        return f"{path}.{part}" if path else str(part)

    if isinstance(value, torch.Tensor):
        if value.layout == torch.strided and value.device.type != "meta" and not value.is_conj() and not value.is_neg():
            out.append((path, value))
        for key, item in vars(value).items() if type(value) is torch.nn.Parameter else ():
            walk(item, join(key), out)
    elif isinstance(value, dict):
        for key, item in value.items():
            walk(item, join(key), out)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            walk(item, join(index), out)
    elif isinstance(value, argparse.Namespace):
        walk(vars(value), path, out)
    return out


def rows(path, root):
    if path.suffix == ".safetensors":
        found = list(safetensors.torch.load_file(path).items())
    else:
        found = walk(torch.load(path, map_location="cpu", weights_only=False), "", [])
    for name, tensor in sorted(found, key=lambda item: item[0].encode()):
        shape = list(tensor.shape)
        if tensor.dtype == torch.float4_e2m1fn_x2 and shape:
            shape[-1] *= 2
        yield "\t".join([str(path.relative_to(root)), name, NAMES[tensor.dtype], ",".join(map(str, shape)),
                         f"{zlib.crc32(content(tensor)):08x}"])


def odd_files(folder):
    generator = torch.Generator().manual_seed(20)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    base = normal(40)
    tied = torch.nn.Parameter(normal(3, 4))
    with_attribute = torch.nn.Parameter(normal(2, 2))
    with_attribute.note = {"inner": normal(3)}
    torch.manual_seed(3)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    named = {
        "dtypes.pt": {
            name: torch.arange(12, dtype=torch.int64).to(dtype) if not name.startswith("F8") else
            normal(12).to(dtype) for dtype, name in NAMES.items() if name not in ("F4", "C32", "F8_E8M0")
        } | {"C32": torch.complex(normal(4), normal(4)).to(torch.complex32),
             "F8_E8M0": torch.arange(12, dtype=torch.uint8).view(torch.float8_e8m0fnu),
             "F4": torch.arange(12, dtype=torch.uint8).reshape(3, 4).view(torch.float4_e2m1fn_x2)},
        "views.pt": {
            "whole": base, "slice": base[8:20].reshape(3, 4), "transposed": base[:12].reshape(3, 4).t(),
            "channels_last": normal(2, 3, 4, 5)[:, :, :2, :2].contiguous(memory_format=torch.channels_last),
            "expanded": torch.tensor([1.5]).expand(3, 4), "stepped": base[::3], "column": base.reshape(5, 8)[:, 3],
            "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "empty_slice": base.reshape(5, 8)[5:, 3:],
        },
        "tied.pt": {"head": tied, "embedding": tied, "same_storage": tied.detach(), "plain": tied.detach().t()},
        "attributes.pt": {"parameter": with_attribute, "conj": torch.tensor([1 + 2j]).conj(),
                          "neg": torch.tensor([1 + 2j]).conj().imag},
        "containers.pt": collections.OrderedDict(
            state=module.state_dict(), list=[normal(2), (normal(1), {7: normal(3)})],
            args=argparse.Namespace(lr=0.1, ema=normal(2)), default=collections.defaultdict(list, a=[normal(1)]),
            set={1, 2}, numpy=numpy.float64(2.5), array=numpy.arange(3), big=1 << 80, negative=-(1 << 70),
            bytes=b"\x00\xff", none=None, path=pathlib.PurePosixPath("/a/b"), dtype=torch.float16,
            device=torch.device("cpu"), size=torch.Size([2, 3]), complex=1 + 2j, surrogate="\udcff"),
    }
    for name, value in named.items():
        torch.save(value, folder / name)
    torch.save({"x": normal(3, 2), "y": torch.arange(3)}, folder / "protocol4.pt", pickle_protocol=4)
    torch.save({"x": normal(3, 2), "y": torch.arange(3)}, folder / "protocol5.pt", pickle_protocol=5)
    torch.save(normal(2, 2), folder / "bare.pt")
    torch.save({}, folder / "empty.pt")
    torch.save({"x": normal(3), "m": torch.zeros(4, device="meta")}, folder / "meta.pt")
    sparse = torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
    torch.save({"sparse": sparse, "dense": normal(2)}, folder / "sparse.pt")
    torch.save({"views": base[4:8], "t": normal(3, 2).t(), "b": normal(3).bfloat16()}, folder / "legacy.pt",
               _use_new_zipfile_serialization=False)
    torch.save({"x": normal(3)}, folder / "legacy4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)
    torch.serialization.set_crc32_options(False)
    torch.save({"x": normal(3, 2), "y": torch.arange(3)}, folder / "no_crc.pt")
    torch.serialization.set_crc32_options(True)
    # A storage that itself begins like a data descriptor: torch's serialization id takes it in twice.
    torch.save({"x": torch.tensor([0x08074B50, 77, 5], dtype=torch.int32)}, folder / "descriptor.pt")
    safetensors.torch.save_file(
        {"b": normal(2, 3).bfloat16(), "é": normal(2), "scalar": torch.tensor(1.0), "none": torch.zeros(0, 2)},
        folder / "small.safetensors", metadata={"format": "pt", "step": "20"})


def other_files(folder):
    """Zip files to be kept whole."""
    numpy.savez(folder / "arrays.npz", a=numpy.arange(3), b=numpy.zeros((2, 2)))
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), folder / "script.pt")
    with zipfile.ZipFile(HERE / "odd" / "bare.pt") as source, \
            zipfile.ZipFile(folder / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass


def pickles():
    """One object that means the same in every protocol, and one with what protocol 3 and later have."""
    shared = ["shared"]
    plain = {"none": None, "bools": [True, False], "ints": [0, 1, -1, 255, 256, 65535, 65536, -(1 << 31), 1 << 31, (1 << 63) - 1,
             -(1 << 63), 1 << 63, -(1 << 63) - 1, (1 << 64) - 1, 1 << 80, -(1 << 80), 10 ** 30], "floats": [0.0, -0.5, 1e300, 0.1],
             "text": ["", "a b", "line\nfeed", "back\\slash", "\u00e9\u20ac", "\U0001f600", "x" * 300], "nested": [[], [[]], (), (1,), (1, 2),
             (1, 2, 3), (1, 2, 3, 4), {}, {"a": {1: 2}}], "shared": [shared, shared], "ordered": collections.OrderedDict(a=1, b=[2])}
    for protocol in range(6):
        yield f"plain\t{protocol}\t{pickle.dumps(plain, protocol).hex()}"
    rich = [b"", b"bytes\xff", b"y" * 300, {1}, frozenset([2]), bytearray(b"z"), argparse.Namespace(a=1)]
    for protocol in (4, 5):
        yield f"rich\t{protocol}\t{pickle.dumps(rich[:5] + rich[6:] if protocol == 4 else rich, protocol).hex()}"


def rules():
    """Headers with the reference's verdict."""
    one = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    deep = lambda n: "[" * n + "]" * n  # noqa: E731
    entry = lambda **kw: '{"a":{%s}}' % ",".join(f'"{k}":{v}' for k, v in kw.items())  # noqa: E731
    f32 = lambda shape, offsets: entry(dtype='"F32"', shape=shape, data_offsets=offsets)  # noqa: E731
    cases = [
        ("plain", "{%s}" % one, 4), ("no tensors", "{}", 0), ("no tensors but data", "{}", 1), ("empty header", "", 0),
        ("trailing spaces", "{%s}   " % one, 4), ("leading white space", " \t\n\r{%s}" % one, 4),
        ("trailing newline", "{%s}\n\t\r " % one, 4), ("NUL behind", "{%s}\0" % one, 4), ("NUL before", "\0{%s}" % one, 4),
        ("form feed", "\f{%s}" % one, 4), ("no-break space", "\u00a0{%s}" % one, 4), ("BOM", "\ufeff{%s}" % one, 4),
        ("array at the top", "[]", 0), ("null at the top", "null", 0), ("string at the top", '"x"', 0),
        ("comment", "{%s/**/}" % one, 4), ("trailing comma", "{%s,}" % one, 4), ("two objects", "{}{}", 0),
        ("NaN", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":NaN}}', 4),
        ("single quotes", "{'a':1}", 0), ("unclosed", "{%s" % one, 4), ("bare brace", "{", 0),
        ("only metadata", '{"__metadata__":{"a":"b"}}', 0), ("metadata null", '{"__metadata__":null,%s}' % one, 4),
        ("metadata empty", '{"__metadata__":{},%s}' % one, 4), ("metadata last", '{%s,"__metadata__":{"a":"b"}}' % one, 4),
        ("metadata number", '{"__metadata__":{"a":1}}', 0), ("metadata null value", '{"__metadata__":{"a":null}}', 0),
        ("metadata object value", '{"__metadata__":{"a":{}}}', 0), ("metadata array", '{"__metadata__":[]}', 0),
        ("metadata string", '{"__metadata__":"a"}', 0), ("metadata twice", '{"__metadata__":{},"__metadata__":{}}', 0),
        ("metadata null and object", '{"__metadata__":null,"__metadata__":{"a":"b"}}', 0),
        ("metadata null twice", '{"__metadata__":null,"__metadata__":null}', 0),
        ("metadata key twice", '{"__metadata__":{"a":"b","a":"c"}}', 0),
        ("escaped metadata name", '{"\\u005f_metadata__":{"a":"b"}}', 0),
        ("array entry", '{"a":["F32",[1],[0,4]]}', 4), ("array entry short", '{"a":["F32",[1]]}', 4),
        ("array entry long", '{"a":["F32",[1],[0,4],1]}', 4), ("array entry order", '{"a":[[1],"F32",[0,4]]}', 4),
        ("extra field", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":{"y":[1.5,-2,null,true,false,"z"]}}}', 4),
        ("extra field first", '{"a":{"x":1e3,"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
        ("extra field twice", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1,"x":2}}', 4),
        ("extra number huge", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1e999}}', 4),
        ("extra number tiny", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1e-999}}', 4),
        ("extra leading zero", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":01}}', 4),
        ("extra -0", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":-0}}', 4),
        ("extra -", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":-}}', 4),
        ("extra 1.", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1.}}', 4),
        ("extra .5", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":.5}}', 4),
        ("extra 1e", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1e}}', 4),
        ("extra +1", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":+1}}', 4),
        ("extra 2^70", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1180591620717411303424}}', 4),
        ("extra True", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":True}}', 4),
        ("extra lone surrogate", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":"\\ud800"}}', 4),
        ("extra __metadata__", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"__metadata__":1}}', 4),
        ("fields in another order", '{"a":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}}', 4),
        ("dtype twice", '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
        ("shape twice", '{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4),
        ("offsets twice", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}}', 4),
        ("no dtype", entry(shape="[1]", data_offsets="[0,4]"), 4), ("no shape", entry(dtype='"F32"', data_offsets="[0,4]"), 4),
        ("no offsets", entry(dtype='"F32"', shape="[1]"), 4), ("entry null", '{"a":null}', 0), ("entry number", '{"a":1}', 0),
        ("entry empty", '{"a":{}}', 0), ("entry string", '{"a":"F32"}', 0),
        ("dtype lower case", entry(dtype='"f32"', shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype unknown", entry(dtype='"I4"', shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype C128", entry(dtype='"C128"', shape="[1]", data_offsets="[0,16]"), 16),
        ("dtype C32", entry(dtype='"C32"', shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype null", entry(dtype="null", shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype number", entry(dtype="4", shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype as map", entry(dtype='{"F32":null}', shape="[1]", data_offsets="[0,4]"), 4),
        ("dtype escaped", entry(dtype='"\\u004632"', shape="[1]", data_offsets="[0,4]"), 4),
        ("offsets of one", f32("[1]", "[0]"), 4), ("offsets of three", f32("[1]", "[0,4,4]"), 4),
        ("offsets null", f32("[1]", "null"), 4), ("offsets object", f32("[1]", "{}"), 4), ("offsets strings", f32("[1]", '["0","4"]'), 4),
        ("shape negative", f32("[-1]", "[0,4]"), 4), ("shape -0", f32("[-0]", "[0,0]"), 0), ("shape float", f32("[1.0]", "[0,4]"), 4),
        ("shape exponent", f32("[1e0]", "[0,4]"), 4), ("shape string", f32('["1"]', "[0,4]"), 4), ("shape number", f32("1", "[0,4]"), 4),
        ("shape null", f32("null", "[0,4]"), 4), ("shape bool", f32("[true]", "[0,4]"), 4), ("shape nested", f32("[[1]]", "[0,4]"), 4),
        ("shape leading zero", f32("[01]", "[0,4]"), 4), ("shape 2^64", f32("[0,18446744073709551616]", "[0,0]"), 0),
        ("shape 2^64-1 with 0", f32("[0,18446744073709551615]", "[0,0]"), 0), ("shape 0,2^63,4", f32("[0,9223372036854775808,4]", "[0,0]"), 0),
        ("shape 2^63,4,0", f32("[9223372036854775808,4,0]", "[0,0]"), 0), ("shape 2^62,2,0", f32("[4611686018427387904,2,0]", "[0,0]"), 0),
        ("shape 2^63,2", f32("[9223372036854775808,2]", "[0,0]"), 0), ("count times bits overflows", f32("[1152921504606846976]", "[0,0]"), 0),
        ("scalar", f32("[]", "[0,4]"), 4), ("zero size", f32("[0]", "[0,0]"), 0), ("zero size with bytes", f32("[0]", "[0,4]"), 4),
        ("offsets 2^64", f32("[1]", "[0,18446744073709551616]"), 4), ("offsets huge", f32("[1]", "[0,18446744073709551615]"), 4),
        ("offsets float", f32("[1]", "[0,4.0]"), 4), ("offsets negative", f32("[1]", "[-4,0]"), 4), ("offsets reversed", f32("[1]", "[4,0]"), 4),
        ("begins at 4", f32("[1]", "[4,8]"), 8), ("too short for its shape", f32("[2]", "[0,4]"), 4), ("too long", f32("[1]", "[0,8]"), 8),
        ("trailing byte", f32("[1]", "[0,4]"), 5), ("missing byte", f32("[1]", "[0,4]"), 3), ("missing data", f32("[1]", "[0,4]"), 0),
        ("hole", '{%s,"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}' % one, 12),
        ("overlap", '{%s,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}' % one, 6),
        ("shared", '{%s,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' % one, 4),
        ("unordered", '{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},%s}' % one, 8),
        ("zero size between", '{%s,"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}' % one, 8),
        ("zero size elsewhere", '{%s,"z":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}}' % one, 4),
        ("zero size at the end", '{"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},%s}' % one, 4),
        ("name twice", '{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]},%s}' % one, 4),
        ("name twice, first malformed", '{"a":{"dtype":"U8"},%s}' % one, 4), ("name twice, last wrong", '{%s,"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}' % one, 4),
        ("composed and decomposed names", '{"\u00e9":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"e\u0301":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2),
        ("empty name", '{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("escapes", '{"\\u0000\\n\\"\\\\\\/\\b\\f\\r\\t\\ud83d\\ude00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("bad escape", '{"\\x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("short escape", '{"\\u12":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("lone high surrogate", '{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("lone low surrogate", '{"\\udc00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("surrogates reversed", '{"\\udc00\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("two high surrogates", '{"\\ud800\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("control character", '{"a\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("DEL", '{"\x7f":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("bad UTF-8", b'{"\xff":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), ("surrogate in UTF-8", b'{"\xed\xa0\x80":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("overlong UTF-8", b'{"\xc0\x80":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
        ("F4 of two", entry(dtype='"F4"', shape="[2]", data_offsets="[0,1]"), 1), ("F4 of three", entry(dtype='"F4"', shape="[3]", data_offsets="[0,1]"), 1),
        ("F4 of three in two bytes", entry(dtype='"F4"', shape="[3]", data_offsets="[0,2]"), 2), ("F6 of four", entry(dtype='"F6_E2M3"', shape="[4]", data_offsets="[0,3]"), 3),
        ("F6 of two", entry(dtype='"F6_E3M2"', shape="[2]", data_offsets="[0,2]"), 2),
        ("header length 0", "", 0, 0), ("header length one short", "{%s}" % one, 4, -1), ("header length one long", "{%s}" % one, 4, 1),
        ("header beyond the file", "{%s}" % one, 4, 1000), ("header length 100,000,001", "{}", 0, 99_999_999), ("header length 2^64-1", "{}", 0, (1 << 64) - 3),
    ]
    cases += [(f"nested {n}", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":%s}}' % deep(n), 4) for n in (10, 120, 124, 125, 126, 127, 128, 200)]
    sizes = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
             "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}
    cases += [(f"dtype {name}", entry(dtype=f'"{name}"', shape="[2,4]", data_offsets=f"[0,{bits}]"), bits) for name, bits in sizes.items()]
    for name, header, size, *shift in cases:
        header = header if isinstance(header, bytes) else header.encode()
        declared = len(header) + (shift[0] if shift else 0)
        try:
            safetensors.deserialize(struct.pack("<Q", declared) + header + bytes(size))
            verdict = "accept"
        except Exception as error:  # a panic of the reference derives from BaseException and should be seen
            verdict = "reject"
        yield "\t".join([verdict, str(declared) if shift else "-", header.hex(), str(size), name])


if __name__ == "__main__":
    if len(sys.argv) > 1:  # the table of any other folder, for a check by hand
        root = pathlib.Path(sys.argv[1])
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix in (".pt", ".pth", ".bin", ".ckpt", ".tar", ".safetensors"):
                try:
                    print("\n".join(rows(path, root)))
                except Exception as error:
                    print(f"{path}: {error}", file=sys.stderr)
        sys.exit()
    (HERE / "odd").mkdir(exist_ok=True)
    odd_files(HERE / "odd")
    (HERE / "other").mkdir(exist_ok=True)
    other_files(HERE / "other")
    (HERE / "pickles.tsv").write_text("".join(row + "\n" for row in pickles()))
    files = sorted([*(HERE / "odd").iterdir(), *(HERE / "real").iterdir()])
    (HERE / "tensors.tsv").write_text("".join(row + "\n" for path in files for row in rows(path, HERE)))
    (HERE / "safetensors-rules.tsv").write_text("".join(row + "\n" for row in rules()))
