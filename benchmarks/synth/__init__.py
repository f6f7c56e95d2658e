"""Files of a known model's shape with random weights: how fast a model is does not depend on what it has learnt."""

from __future__ import annotations

from benchmarks.synth.shapes import QUANTISATIONS, Shape, known_shape, known_shapes
from benchmarks.synth.write import Synthetic, synthesise

__all__ = ["QUANTISATIONS", "Shape", "Synthetic", "known_shape", "known_shapes", "synthesise"]
