"""From cases to packs for the discriminator: one block a candidate, its thought cut anywhere.

Every block is one of the places where the product reads a verdict: with no thought at all, with a plan that was cut,
with a plan and no check, with a check that was cut, with the whole thought. So each budget is trained. The plan is that
of the right query, which is learned, or that of one of the generator's own samples, which is only read: in real use
the plan is the model's own, and its verdict must know how far that can be trusted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.distill.cases import Case, Labelled
from models.distill.forms import ChatForm, Form
from models.distill.network import Pack
from models.distill.packs import Look, Mix, Row, by_schema, tensors
from models.distill.renaming import Renaming
from models.distill.thoughts import check_parts, plan_text
from planner_cli.engine.protocol import Prompt
from planner_cli.prompts.compact_discriminator import ChatCheck, CompactDiscriminator
from planner_cli.prompts.normal_form import write
from planner_cli.types import Question, Schema

_PROMPT = CompactDiscriminator()
_OWN_WORDS = {False: CompactDiscriminator(plans=False), True: ChatCheck()}
"""By whether the form is the chat's."""
_GREEDY = 0.75
"""Share of the generator's own plans that are its greedy ones."""
_LONGEST = 80
"""Tokens of a plan or a check; a longer one is cut there."""


CUTS = {"none": 0.25, "in the plan": 0.1, "plan": 0.1, "in the check": 0.15, "whole": 0.4}
"""Shares of packs by where their thoughts end."""
OWN_WORDS = {"none": 0.25, "in the check": 0.25, "whole": 0.5}
"""The same of thoughts in a model's own words, which have no plan; a candidate without any is shown as by ``none``."""
NO_THOUGHTS = {"none": 1.0}
"""For the twin that is trained to answer without thinking: the control for what thinking may bring."""


@dataclass(frozen=True, slots=True)
class JudgeMix(Mix):
    """How the discriminator's packs are made."""

    questions: int = 4
    candidates: int = 2
    """Of a question in an epoch, one right and the others wrong."""
    longest: int = 320
    """Tokens of a block."""
    own_plan: float = 0.5
    """Share of plans that are the generator's own, where there are any."""
    results: float = 0.5
    """Share of blocks that show the candidate's result."""
    cuts: Mapping[str, float] = field(default_factory=lambda: CUTS)
    plans: bool = True
    """Whether thoughts are written by program, a plan first; else they are those of the cases."""
    real: int = 3
    """How often a question with mistakes of the generator's own is in an epoch; one that has only edits is once."""
    verdict: float = 8.0
    """Weight of the verdict; a token of a plan has 1."""
    finding: float = 4.0
    """Weight of a ``same`` or ``other`` of the check, by which a verdict is reached."""
    restated: float = 0.5
    """Weight of the check's other tokens, which are copied from the query."""


def judge_groups(cases: Iterable[Case], mix: JudgeMix, rng: random.Random) -> list[list[Case]]:
    """One epoch, in packs of one schema and similar length, shuffled."""
    once = list(cases)
    real = [case for case in once if any(c.origin == "sample" and not c.correct for c in case.candidates)]
    packs = []
    for chosen in (once, *[real] * (mix.real - 1)):
        for of_schema in by_schema(chosen, lambda case: case.gold, rng):
            packs += [of_schema[at : at + mix.questions] for at in range(0, len(of_schema), mix.questions)]
    rng.shuffle(packs)
    return packs


def judge_pack(
    cases: Sequence[Case], schema: Schema, mix: JudgeMix, rng: random.Random, form: Form, eos: int
) -> Pack | None:
    """The tensors of one step; ``None`` when nothing is short enough."""
    look = Look.draw(schema, frozenset().union(*(case.tables for case in cases)), mix, rng, form)
    cut = rng.choices(list(mix.cuts), list(mix.cuts.values()))[
        0
    ]  # the same for all: blocks of one length need no padding
    rows: list[Row] = []
    for case in cases:
        asked = form.judged(Question(case.question, look.schema, "", look.hints(case.hints, mix, rng)))
        for candidate in _drawn(case, mix.candidates, rng):
            if mix.plans:
                row = _row(asked, case, candidate, cut, look.names, mix, rng, form)
            else:
                row = _own_words(asked, candidate, cut, look.names, mix, rng, form)
            if sum(len(ids) for ids, _ in row) <= mix.longest:
                rows.append(row)
    return tensors(form.shared(Question("", look.schema, "")), rows, eos) if rows else None


def _text(prompt: Prompt) -> str:
    return "".join(span.text for span in prompt)


def _drawn(case: Case, count: int, rng: random.Random) -> list[Labelled]:
    """A right one, and wrong ones, the generator's own rather than edits."""
    right = [candidate for candidate in case.candidates if candidate.correct]
    wrong = [candidate for candidate in case.candidates if not candidate.correct]
    rng.shuffle(wrong)
    wrong.sort(key=lambda candidate: candidate.origin == "edit" and rng.random() < 0.7)
    others = wrong[: count - 1]
    return [rng.choice(right), *others] if right else others


def _row(
    asked: list[int],
    case: Case,
    candidate: Labelled,
    cut: str,
    names: Renaming | None,
    mix: JudgeMix,
    rng: random.Random,
    form: Form,
) -> Row:
    encode = form.tokens.encode
    own = bool(case.drafts) and rng.random() < mix.own_plan
    # mostly the greedy one: that is the plan in real use, and the others together are wrong more often
    draft = (case.drafts[0] if rng.random() < _GREEDY else rng.choice(case.drafts)) if own else case.gold
    planned = write(draft, names)
    given = write(candidate.parts, names)
    plan = encode(f" {plan_text(planned)}")[:_LONGEST]
    plan = plan[: _length(plan, cut, ("in the plan",), rng)]
    check = list(_check(planned, given, mix, form))[:_LONGEST]
    check = check[: _length(check, cut, ("in the plan", "plan", "in the check"), rng)]
    end = encode("\n")
    facts = candidate.facts if rng.random() < mix.results else ""
    after = _text(_PROMPT.candidate(given, facts))
    learned = 0.0 if own else 1.0
    answer = (encode(" true" if candidate.correct else " false"), mix.verdict)
    if cut == "none":  # nothing is written between, and the engine has it as one text
        forced = _text(_PROMPT.verdict(None, closed_itself=False))
        return [(asked, 0.0), (encode(_PROMPT.PLAN.text + after), 0.0), (encode(forced), 0.0), answer]
    return [
        (asked, 0.0),
        (encode(_PROMPT.PLAN.text), 0.0),
        (plan, learned),
        (end, learned if cut in ("plan", "in the check", "whole") else 0.0),
        (encode(after.removeprefix("\n")), 0.0),
        *(([token], weight) for token, weight in check),
        (end, 1.0 if cut == "whole" else 0.0),
        (encode(_text(_PROMPT.verdict(None, closed_itself=True))), 0.0),
        answer,
    ]


def _own_words(
    asked: list[int],
    candidate: Labelled,
    cut: str,
    names: Renaming | None,
    mix: JudgeMix,
    rng: random.Random,
    form: Form,
) -> Row:
    encode, prompt = form.tokens.encode, _OWN_WORDS[isinstance(form, ChatForm)]
    facts = candidate.facts if rng.random() < mix.results else ""
    shown = _text(prompt.candidate(form.query(candidate.parts, names), facts))
    # a thought speaks of the names it saw
    thought = rng.choice(candidate.thoughts) if candidate.thoughts and names is None and cut != "none" else ""
    said = encode(f" {thought}") if thought else []
    said = said[: _length(said, cut, ("in the check",), rng)]
    whole = bool(thought) and cut == "whole"
    forced = _text(prompt.verdict(None, closed_itself=whole))
    return [
        (asked, 0.0),
        (encode(shown), 0.0),
        (said, 1.0),
        *([(encode(prompt.close(None)), 1.0)] if whole else []),
        (encode(forced), 0.0),
        (encode(" true" if candidate.correct else " false"), mix.verdict),
    ]


def _check(planned: str, given: str, mix: JudgeMix, form: Form) -> Iterator[tuple[int, float]]:
    """Tokens of the check, each with its weight."""
    for number, (text, found) in enumerate(check_parts(planned, given)):
        for token in form.tokens.encode(text if number else f" {text}"):
            yield token, mix.finding if found else mix.restated


def _length(tokens: Sequence[object], cut: str, short: Sequence[str], rng: random.Random) -> int:
    """How many of a stretch's tokens there are: all of them, or as many as at that cut."""
    if cut not in short:
        return len(tokens)
    return rng.randint(1, max(1, len(tokens) - 1)) if cut == short[-1] and cut.startswith("in ") else 0
