"""For decoder.py: the bytes of lossless packs (Docs/format-lossless.md)."""
from decoder_records import Input, exact, require


def tensors(record, members):
    """The bytes of a pack's tensors, in order. Members: tensor, its predecessor's bytes and those of one more step
    back, None where its depth asks for none."""
    source, found = Input(record), []
    for tensor, previous, _ in members:
        found.append(exact(source.take(source.varint()), tensor, previous))
    source.end()
    require(all(len(data) == tensor.size for data, (tensor, _, _) in zip(found, members)), "a pack of another size")
    return found
