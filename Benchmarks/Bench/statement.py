"""ExCP (Li et al., ICML 2024) stated in NumPy, with the libraries that its authors use: k-means by faiss, LZMA.

For each parameter: the residual w - w', w' being what was restored of the step before; pruned where |residual| is at
most min(2.5, alpha / sqrt(mean second moment)) times the median of |residual|; moments kept where the weight was kept
and |first| > beta * mean |first|; in each role 15 centres of what is kept, four bits a value, 0 for what is pruned. All
of it in one LZMA stream at preset 9. Libraries use the cores as they do by themselves: faiss all of them, NumPy and
LZMA one.
"""
import lzma
import time

import faiss
import numpy as np

BITS = 4
CENTRES = 2 ** BITS - 1


def quantized(values, stages):
    """The packed indices of all values, and the centres; the values themselves where few are kept."""
    flat = values.reshape(-1)
    kept = np.flatnonzero(flat)
    if kept.size <= CENTRES:
        return kept.astype(np.int64).tobytes() + flat[kept].tobytes()
    began = time.perf_counter()
    chosen = flat[kept].reshape(-1, 1)
    kmeans = faiss.Kmeans(1, CENTRES, min_points_per_centroid=1)   # else its defaults: 256 points for each centre
    kmeans.train(chosen)
    nearest = kmeans.index.search(chosen, 1)[1]
    stages["k-means"] += time.perf_counter() - began
    index = np.zeros(flat.size + flat.size % 2, np.uint8)
    index[kept] = nearest[:, 0] + 1
    return (index[0::2] << BITS | index[1::2]).tobytes() + kmeans.centroids.astype(np.float16).tobytes()


def compress(now, before, alpha=5e-5, beta=2.0):
    """Of [(weight, first moment, second moment)] of two steps: (stored bytes, seconds, {stage: seconds})."""
    stages, packed, began = {"k-means": 0.0}, [], time.perf_counter()
    for (weight, first, second), (predecessor, _, _) in zip(now, before):
        residual = weight - predecessor
        size = np.abs(residual)
        threshold = min(2.5, alpha / np.sqrt(second.mean())) * np.median(size)
        residual[size <= threshold] = 0
        magnitude = np.abs(first)
        keep = (magnitude > beta * magnitude.mean()) & (residual != 0)
        packed += [quantized(x, stages) for x in (residual, np.where(keep, first, 0), np.where(keep, second, 0))]
    until = time.perf_counter()
    stored = len(lzma.compress(b"".join(packed), preset=9))
    end = time.perf_counter()
    stages["NumPy"] = until - began - stages["k-means"]
    stages["LZMA"] = end - until
    return stored, end - began, stages
