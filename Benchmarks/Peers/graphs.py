"""OpenZL's compression graphs for arrays of floats, or of integers that differences of floats are.

OpenZL has no profile of its own for checkpoints, and its package no trainer; these graphs are what its parts give:
the generic graph for numbers, its split of floats into exponent and fraction, byte planes, each lane coded by its best
entropy stage. The trained compressors of OpenZL's command line are not compared.
"""
import openzl.ext as zl

VERSION = zl.MAX_FORMAT_VERSION


def best_lane(compressor):
    """Of a lane's coders the one with the smallest output."""
    lanes = (zl.graphs.Entropy, zl.graphs.Fse, zl.graphs.Zstd, zl.graphs.Compress, zl.graphs.Store)
    return zl.graphs.BruteForce([lane()(compressor) for lane in lanes])(compressor)


def planes(compressor, bits, lane):
    return zl.nodes.ConvertNumToStructLE()(compressor, zl.nodes.TransposeSplit()(compressor, lane))


def deconstructed(compressor, bits, lane):
    """Exponents and the rest apart; the rest in byte planes where it has several bytes."""
    if bits == 32:
        return zl.nodes.Float32Deconstruct()(compressor, zl.nodes.TransposeSplit()(compressor, lane), lane)
    return zl.nodes.BFloat16Deconstruct()(compressor, lane, lane)


def zigzag(split):
    return lambda compressor, bits, lane: zl.nodes.Zigzag()(compressor, split(compressor, bits, lane))


def generic(compressor, bits, lane):
    return zl.graphs.Compress()(compressor)


GRAPHS = {                                                 # name: (graph, how its lanes are coded)
    "generic": (generic, None),
    "planes, entropy": (planes, zl.graphs.Entropy()),
    "planes, best": (planes, best_lane),
    "deconstruct, entropy": (deconstructed, zl.graphs.Entropy()),
    "deconstruct, best": (deconstructed, best_lane),
}
SIGNED = {
    "zigzag, planes, entropy": (zigzag(planes), zl.graphs.Entropy()),
    "zigzag, planes, best": (zigzag(planes), best_lane),
    "zigzag, deconstruct, best": (zigzag(deconstructed), best_lane),
}
ON_DIFFERENCES = [("XOR", name) for name in GRAPHS] + [("key differences", name) for name in SIGNED]


def compressor(name, bits):
    made = zl.Compressor()
    made.set_parameter(zl.CParam.FormatVersion, VERSION)
    graph, lane = {**GRAPHS, **SIGNED}[name]
    made.select_starting_graph(graph(made, bits, lane(made) if lane else None))
    return made


def compress(compressor, values):
    context = zl.CCtx()
    context.ref_compressor(compressor)
    context.set_parameter(zl.CParam.FormatVersion, VERSION)
    return context.compress([zl.Input(zl.Type.Numeric, values)])


def decompress(blob):
    return zl.DCtx().decompress(blob)[0].content.as_nparray()
