"""What the user sees: the live screen, the answer, result formats, the JSON document, error lines.

Consumes planning events and :mod:`planner_cli.types` values; the only owner of ``rich``. Everything that
comes from a model, a database, a file or an error passes :func:`planner_cli.clean.clean` first.
"""
