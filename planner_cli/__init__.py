"""planner: ask a local SQLite database a question, entirely offline.

Kept empty of imports: ``planner --help`` must not pay for a library it does not use.
"""

__version__ = "0.1.0"
