"""The independent decoder: the package in reader/, as it stands there."""
import os
import sys

READER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "reader", "src")
sys.path.insert(0, READER)

from varve_reader import decoder
from varve_reader import lossless as decoder_lossless
from varve_reader import transform as decoder_transform
from varve_reader.decoder import EXCP, HALF_COPY, OPENING, PACKED, TRANSFORM

__all__ = ["EXCP", "HALF_COPY", "OPENING", "PACKED", "READER", "TRANSFORM", "decoder", "decoder_lossless", "decoder_transform"]
