"""The same weights in another quantisation, by llama.cpp's own quantiser."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from planner_cli.engine import library
from planner_cli.engine.library import L
from planner_cli.errors import EngineError

FILE_TYPES = {"Q8_0": L.LLAMA_FTYPE_MOSTLY_Q8_0}
"""llama.cpp's number of each quantisation that can be written."""


def recode(source: Path, target: Path, quantisation: str) -> None:
    """Write the weights of ``source``, a whole model that may be quantised itself, to ``target``.

    Takes about a second for 135M parameters.

    Raises:
        EngineError: llama.cpp cannot read the one file or write the other, whose content is then undefined.

    """
    library.start()
    params = L.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[quantisation]
    params.allow_requantize = True
    params.nthread = library.physical_cores()
    if L.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)) != 0:
        raise EngineError(f"llama.cpp cannot write {source.name} as {quantisation} to {target.parent}")
