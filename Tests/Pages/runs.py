"""Runs of made-up tensors: safetensors files of any number of tensors, with any names."""
import array
import json
import pathlib
import random

# What a page, a table or a terminal might take for more than a name.
HOSTILE = [
    '"><img src=x onerror=alert(1)>', "</script><script>alert(2)</script>", "<!--<script>", "a.b'onmouseover='alert(3)",
    "layer.\u202eneddih\u202c.weight", "zero\u200bwidth.weight", "tab\tand\nline.weight", "nul\u0000byte.weight",
    "\U0001f9e0.\U0001d4b3.weight", "=cmd|' /C calc'!A0", "&lt;b&gt;.weight", "__proto__.constructor", "toString",
    "a" * 4096, ".".join("x" * 3 for _ in range(1000)), "...", "\u2028separator\u2029.weight", "${alert(4)}`",
    "]]>", "\\u003cscript>", "0.weight", "00.weight", "-1.weight", "9007199254740993.weight", "javascript:alert(5)",
]


def write(path, tensors):
    """A safetensors file of float32 matrices, by name."""
    header, offset = {}, 0
    for name, values in tensors:
        size = 4 * len(values)
        side = 8 if len(values) == 64 else len(values)
        header[name] = {"dtype": "F32", "shape": [len(values) // side, side], "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, values in tensors:
            values.tofile(file)


def names(count):
    kinds = ["attention.query", "attention.key", "attention.value", "attention.output", "mlp.up", "mlp.down", "norm"]
    return [f"model.layers.{index // len(kinds)}.{kinds[index % len(kinds)]}.weight" for index in range(count)]


def make(folder, labels, steps, seed=1):
    """Steps of a walk from random weights, as step_100.safetensors and so on."""
    source = random.Random(seed)
    noise = array.array("f", (source.gauss(0, 1) for _ in range(1 << 16)))
    tensors = []
    for index, name in enumerate(labels):
        at = source.randrange(len(noise) - 64)
        tensors.append((name, noise[at:at + 64]))
    for step in range(1, steps + 1):
        write(pathlib.Path(folder) / f"step_{100 * step}.safetensors", tensors)
        moved = []
        for index, (name, values) in enumerate(tensors):
            at, size = source.randrange(len(noise) - 64), 0.001 * (1 + index % 5)
            moved.append((name, array.array("f", (value + size * noise[at + k] for k, value in enumerate(values)))))
        tensors = moved
