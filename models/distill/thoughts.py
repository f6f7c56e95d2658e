"""Thoughts of the discriminator, written by a program from the right query and the one being judged.

    Plan: show count(*); from dependent; where sex = 'F'
    SQL: select count(*) from dependent where sex > 'F'
    Check: show count(*): same; from dependent: same; where sex > 'F': other

Clause by clause, the query's own words first and then whether the plan has the same: a small model that has to say
"same" before it has read the clause token by token says it too easily. The thought draws no conclusion: the verdict's
probability should weigh the findings, and the plan itself may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.distill.clauses import ORDER, clauses, differing, said


def plan_text(sql: str) -> str:
    """What a query in normal form does, as a plan."""
    return said(clauses(sql))


def check_text(planned: str, given: str) -> str:
    """How the given query meets the planned one, both in normal form."""
    return "".join(text for text, _ in check_parts(planned, given))


def check_parts(planned: str, given: str) -> Iterator[tuple[str, bool]]:
    """The check in pieces, each with whether it is a finding (``same``, ``other``, ``missing``) or words of a query."""
    plan, query = clauses(planned), clauses(given)
    other = differing(plan, query)
    between = ""
    for name in ORDER:
        if name in query:
            yield f"{between}{said({name: query[name]})}:", False
            yield " other" if name in other else " same", True
        elif name in plan:
            yield f"{between}{name}:", False
            yield " missing", True
        else:
            continue
        between = "; "
