"""Model files: the catalogue of known ones, where they are, and whether they are what they claim to be.

Only :mod:`planner_cli.hub.client` and :mod:`~planner_cli.hub.receive` open a socket, only
:mod:`~planner_cli.hub.index` runs pip, and only ``planner models pull`` imports them.
"""

from __future__ import annotations

from planner_cli.hub.cache import cache_folder
from planner_cli.hub.catalog import CatalogFile, known_catalog, user_catalog_path
from planner_cli.hub.fast_form import fast_form, forms_folder, read_ahead
from planner_cli.hub.gguf import GgufHeader, read_header
from planner_cli.hub.locate import models_dir
from planner_cli.hub.resolve import ModelEntry, ResolvedModel, is_untrained, list_models, resolve
from planner_cli.hub.trial import try_first

__all__ = [
    "CatalogFile",
    "GgufHeader",
    "ModelEntry",
    "ResolvedModel",
    "cache_folder",
    "fast_form",
    "forms_folder",
    "is_untrained",
    "known_catalog",
    "list_models",
    "models_dir",
    "read_ahead",
    "read_header",
    "resolve",
    "try_first",
    "user_catalog_path",
]
