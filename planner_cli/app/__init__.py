"""The application: what wires settings, models and a database together, for every front end.

``planner ask``, ``demo`` and ``bench``, the benchmarks of this repository and Python programs (``from planner_cli
import Planner``) all go through here. Nothing here prints, reads a terminal or knows a command: what a user should
know is passed to a callback, and what happens is a stream of :mod:`planner_cli.events`.
"""
