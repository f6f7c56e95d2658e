"""Whether a question is in English: what the built-in models know."""

from __future__ import annotations

import pytest

from planner_cli.app.language import is_english

ENGLISH = [
    "How many customers are there?", "top 10 customers", "revenue by month", "How many orders from Zürich?",
    "orders of Müller GmbH in Köln", "How many people live in 東京?", "customers in Los Angeles, La Paz and Las Vegas",
    "who directed La La Land", "how many albums by Los Lobos", "list of de Niro films", "how many 'Wie war das denn?'",
    "orders with the note \u300c顧客は何人いますか\u300d", "max(price)", "42", "",
]  # fmt: skip
OTHERS = [
    "Wie viele Kunden gibt es?", "Zeige alle Bestellungen aus Berlin", "die Bestellungen von Kunde 5",
    "Umsatz netto nach Warengruppe im letzten Jahr", "und letztes Jahr?", "Combien de clients à Paris ?",
    "¿Cuántos clientes hay?", "Quanti ordini ci sono?", "Quantos pedidos foram feitos em 2024?",
    "Hoeveel klanten zijn er?", "顧客は何人いますか?", "\uff76\uff9e\uff7d\uff84の数", "Сколько клиентов?", "Πόσοι πελάτες;",
    "고객이 몇 명입니까?",
]  # fmt: skip


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text):
    assert is_english(text)


@pytest.mark.parametrize("text", OTHERS)
def test_another_language(text):
    assert not is_english(text)
