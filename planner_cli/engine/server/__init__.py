"""A model behind an HTTP server instead of in this process: llama.cpp's ``llama-server``, vLLM, and their like.

The same contract as in-process (:mod:`planner_cli.engine.protocol`); nothing else in planner knows the difference.
Only this package, and only when a user names an address, opens a connection while a question is answered.
"""
