"""The built-in adapters read the bytes they were trained on: no change of the prompts may touch an ordinary database."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from planner_cli.database import Database
from planner_cli.demo import build, questions
from planner_cli.engine.protocol import Span
from planner_cli.prompts.compact_discriminator import CompactDiscriminator
from planner_cli.prompts.generator import ChatGenerator, CompactGenerator
from planner_cli.prompts.judging import View
from planner_cli.prompts.schema import compact_schema
from planner_cli.prompts.shown import Subject
from planner_cli.types import Candidate, Question
from tests.scripted import ScriptedEngine

TRAINED = {
    "compact schema": "88420082a6fff5f5",
    "chat generator": "0b3537053cf28b15",
    "chat generator, without codes": "22239cf2e82c8bec",
    "grammar": "6424f7d1248f2745",
    "generator": "b7a8820f2f17e9ac",
    "discriminator": "1a8eed6d0a00e596",
}
"""First digits of the SHA-256 of what adapters see of the demo database, as they did in training."""


def test_the_prompts_of_the_demo_are_those_of_the_training(tmp_path):
    path = tmp_path / "demo.sqlite"
    build(path)
    engine = ScriptedEngine()
    written, general, uncoded, judged = [], [], [], []
    with Database.open(path) as database:
        schema = database.schema
        for asked in questions():
            question = Question(asked.question, schema, "demo", database.mentioned(asked.question))
            subject = Subject(Candidate(0, asked.sql), database.execute(asked.sql))
            written.append(text_of(CompactGenerator().build(question, engine)))
            general.append(text_of(ChatGenerator().build(question, engine)))
            uncoded.append(text_of(ChatGenerator().build(replace(question, schema=without_codes(schema)), engine)))
            judged.append(text_of(CompactDiscriminator().build(question, [subject], engine, View())))
    texts = {
        "compact schema": compact_schema(schema),
        "chat generator": "\0".join(general),
        "chat generator, without codes": "\0".join(uncoded),
        "grammar": CompactGenerator().grammar(schema) or "",
        "generator": "\0".join(written),
        "discriminator": "\0".join(judged),
    }
    assert {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()} == TRAINED


def text_of(prompt):
    return "".join(span.text for span in prompt if isinstance(span, Span))


def without_codes(schema):
    return replace(
        schema,
        tables=tuple(replace(t, columns=tuple(replace(c, codes=()) for c in t.columns)) for t in schema.tables),
    )
