"""What occurs in the lossless groups of an archive; that a made run has all of it."""
import os
from collections import Counter

import decoding
from checks import files_under, read, require
from reader import decoder, decoder_lossless
from varve import varve

# Labels of lossless.census() of the reader.
EVERYTHING = {*(f"mode {mode} depth {depth}" for mode, depth in
                ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (4, 0), (4, 1), (5, 0))),
              *(f"mode 1 {kind}" for kind in ("F32", "F16", "BF16", "F64")),
              *(f"mode {mode} {kind}" for mode in (2, 3) for kind in ("F32", "F64")),
              *(f"mode 4 {kind}" for kind in ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8")),
              "mode 5 F16", "mode 5 BF16", "map", "matrix", "vector", "low bits", "several chunks"}


def census(archive):
    """What occurs in the lossless groups of all steps, counted."""
    counts = Counter()
    for step in decoder.Decoder(archive).steps.values():
        step.open_parts()
        for reference, places in zip(step.lossless_groups, step.lossless_members):
            members = [step.tensors[places[place]] for place in range(len(places))]
            counts += decoder_lossless.census(step.record(reference), members)
    return counts


def every_mode(run, work):
    """The decoder agrees on an archive of a run that is made for it, and all that there is occurs in it."""
    archive, restored, output = (os.path.join(work, name) for name in ("modes.varve", "modes", "modes-decoded"))
    varve("compress", run, archive, "--quality", "lossless")
    varve("restore", archive, "--step", "all", "--output", restored)
    paths = decoding.agrees(archive, restored, output)
    for path in files_under(run):
        require(read(os.path.join(run, path)) == read(os.path.join(output, path)), f"{path} changed")
    found = census(archive)
    require(EVERYTHING <= set(found), f"the archive lacks {', '.join(sorted(EVERYTHING - set(found)))}")
    return f"{paths}; {', '.join(f'{count} {label}' for label, count in sorted(found.items()))}"
