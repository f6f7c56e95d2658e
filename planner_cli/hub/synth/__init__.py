"""Files of a known model's shape with random weights: how fast a model is does not depend on what it has learnt."""

from __future__ import annotations

from planner_cli.hub.synth.shapes import Shape, known_shape, known_shapes
from planner_cli.hub.synth.write import Synthetic, synthesise

__all__ = ["Shape", "Synthetic", "known_shape", "known_shapes", "synthesise"]
