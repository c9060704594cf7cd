"""What every way of saving has, and files that are written slowly."""
import io
import time

import torch


class Way:
    """How each rank of a training saves its part of the checkpoints under OUT; `save` gives the path of one."""
    ranks = 1
    # Saves of a training, and checkpoints that it keeps, where nothing else is asked for.
    saves, keep = 8, 4

    def __init__(self, out, rank=0):
        self.out = out
        self.rank = rank

    def begin(self, model, optimizer):
        """Model and optimizer as this way trains them."""
        return model, optimizer

    def wait(self):
        """Returns when every rank is here."""


def write_in_pieces(data, path, pauses):
    """Bytes in pieces of one size: the first pause is before the first byte, each of the others behind a piece."""
    piece = len(data) // (len(pauses) - 1) + 1
    with open(path, "wb") as file:
        time.sleep(pauses[0])
        for index, pause in enumerate(pauses[1:]):
            file.write(data[index * piece:(index + 1) * piece])
            file.flush()
            time.sleep(pause)


def saved(value):
    """The bytes of torch.save."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def write_slowly(value, path, seconds):
    """torch.save, its bytes written in five pieces over that time."""
    write_in_pieces(saved(value), path, [0] + [seconds / 5] * 5)
