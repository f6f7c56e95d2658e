"""Thoughts of the discriminator, written by program from the right query and the one that is judged.

    Plan: show count(*); from dependent; where sex = 'F'
    SQL: select count(*) from dependent where sex > 'F'
    Check: show same; from same; where sex > 'F'

Clause by clause: what the query has in place of what was planned, nothing where it agrees. The thought draws no
conclusion in words: the verdict's probability is to weigh what was found, and the plan may be the wrong one.
"""

from __future__ import annotations

from models.distill.clauses import ORDER, clauses, differing, said


def plan_text(sql: str) -> str:
    """What a query in normal form does, as a plan."""
    return said(clauses(sql))


def check_text(planned: str, given: str) -> str:
    """How the given query meets the planned one, both in normal form."""
    plan, query = clauses(planned), clauses(given)
    other = differing(plan, query)
    parts = []
    for name in ORDER:
        if name in plan or name in query:
            if name not in other:
                parts.append(f"{name} same")
            else:
                parts.append(said({name: query[name]}) if name in query else f"no {name}")
    return "; ".join(parts)
