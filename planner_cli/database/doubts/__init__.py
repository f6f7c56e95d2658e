"""What is odd about a query that runs: rules by the kind of evidence that they need.

:mod:`.pairing`, :mod:`.missing`, :mod:`.repeated` and :mod:`.ties` recognise a trap in the parse tree and give queries
that find out, in the sandbox, whether the user's rows fall into it; :mod:`planner_cli.database.crossed` needs no more
than the schema, :mod:`planner_cli.database.unmatched` looks up what is compared.
"""

from planner_cli.database.doubts.probes import SECONDS, Probe, probes

__all__ = ["SECONDS", "Probe", "probes"]
