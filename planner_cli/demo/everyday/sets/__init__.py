"""One module and one TOML file for each database: its schema and generator, and its questions."""

from __future__ import annotations

from collections.abc import Mapping

from planner_cli.demo.everyday.making import Source
from planner_cli.demo.everyday.sets import (
    appointments,
    browser,
    budget,
    bugs,
    corporate,
    crm,
    energy,
    events,
    flashcards,
    flights,
    football,
    grades,
    inventory,
    library,
    payroll,
    photos,
    sensors,
    survey,
    tickets,
    warenwirtschaft,
    workouts,
)

SOURCES: Mapping[str, Source] = {
    "appointments": appointments,
    "browser": browser,
    "budget": budget,
    "bugs": bugs,
    "corporate": corporate,
    "crm": crm,
    "energy": energy,
    "events": events,
    "flashcards": flashcards,
    "flights": flights,
    "football": football,
    "grades": grades,
    "inventory": inventory,
    "library": library,
    "payroll": payroll,
    "photos": photos,
    "sensors": sensors,
    "survey": survey,
    "tickets": tickets,
    "warenwirtschaft": warenwirtschaft,
    "workouts": workouts,
}
