"""One step of an archive, or all, as files."""
import os

from .decoder import WHOLE, Decoder, main

DIRECTORY = 2                                    # a step's flag: the checkpoint is a directory


def steps(archive):
    """The numbers of the steps that can be restored, ascending."""
    return sorted(number for number, step in Decoder(archive).steps.items()
                  if not isinstance(number, tuple) and step.forgotten != WHOLE)


def restore_all(archive, output):
    """Restores the run into the new directory `output`; 0, or DAMAGED."""
    return main(archive, output)


def restore(archive, step, output):
    """Restores one step's own files into the new directory `output`; 0, or DAMAGED.

    Files that do not lie in the step's own directory keep all of the step's files under their paths in the run."""
    status = main(archive, output, step)
    if status == 0:
        hoist(Decoder(archive).steps[step], output)
    return status


def hoist(step, output):
    """Lets the step's own directory be the output."""
    own = step.path if step.flags & DIRECTORY else os.path.dirname(step.path)
    if not own or any(not (entry.path + "/").startswith(own + "/") for entry in step.entries):
        return
    aside = output + ".varve-reader"
    os.rename(output, aside)
    os.rename(os.path.join(aside, own), output)
    while own:
        own = os.path.dirname(own)
        os.rmdir(os.path.join(aside, own))
