"""All optimizers, in the order of the table."""
import optimizers_libraries
import optimizers_pytorch_optimizer
import optimizers_torch


def entries():
    return [*optimizers_torch.ENTRIES, *optimizers_libraries.ENTRIES, *optimizers_pytorch_optimizer.ENTRIES]


def title(entry):
    """The name of an entry, with its library unless that is torch: several have an AdamW."""
    return entry.name if entry.library == "torch" else f"{entry.name} ({entry.library})"


def titles(words=()):
    """Those that contain one of the words, all of them without words."""
    every = [title(entry) for entry in entries()]
    return [one for one in every if not words or any(word.lower() in one.lower() for word in words)]


def entry(wanted):
    return next(entry for entry in entries() if title(entry) == wanted)


def slug(text):
    """A name for a directory."""
    return "".join(c if c.isalnum() else "-" for c in text)
