"""Words of names and questions, and which of them are alike."""

import pytest

from planner_cli.linking.words import alike, name_words, question_words, wanted

NAMES = [
    # name, what it is called, its words
    ("snake case", "student_addresses", ("student", "address")),
    ("camel case", "StudentAddresses", ("student", "address")),
    ("an abbreviation in capitals", "HTTPServerLog", ("http", "server", "log")),
    ("all capitals", "ORDER_ITEMS", ("order", "item")),
    ("a number behind it", "line2", ("line", "2")),
    ("a blank and a hyphen", "net weight-kg", ("net", "weight", "kg")),
    ("an irregular plural", "people", ("person",)),
    ("movies and a movie are the same", "movies", name_words("movie")),
    ("an accent, composed", "Stra\u00dfe_caf\u00e9", ("strasse", "cafe")),
    ("an accent, decomposed", "cafe\u0301", ("cafe",)),
    ("full-width letters", "\uff2f\uff52\uff44\uff45\uff52", ("order",)),
    ("no letter at all", "--", ()),
]

LIKENESS = [
    # name, word of the question, word of a name, whether they are alike
    ("the same", "customer", "customer", True),
    ("the beginning", "department", "dept", True),
    ("the first three letters", "employee", "emp", True),
    ("letters left out", "quantity", "qty", True),
    ("another ending", "enrolled", "enrollment", True),
    ("inside a name without borders", "customer", "allcustomername", True),
    ("a name in a sentence without blanks", "\u9867\u5ba2\u306f\u4f55\u4eba", "\u9867\u5ba2", True),
    ("two letters", "city", "ci", False),
    ("the same beginning of other words", "student", "studio", False),
    ("the name is longer than an abbreviation", "contract", "contact", False),
    ("a short word inside", "age", "storage", False),
    ("a name inside a word that has blanks around it", "manage", "age", False),
]


@pytest.mark.parametrize(("name", "words"), [case[1:] for case in NAMES], ids=[case[0] for case in NAMES])
def test_a_name_is_taken_apart(name, words):
    assert name_words(name) == words


@pytest.mark.parametrize(("word", "name", "same"), [case[1:] for case in LIKENESS], ids=[case[0] for case in LIKENESS])
def test_words_are_alike(word, name, same):
    likeness = alike(word, name)
    assert (likeness > 0) is same
    assert likeness <= 1
    assert (likeness == 1) is (word == name)


def test_a_question_has_the_words_that_say_something():
    assert question_words("How many of the Customers are in caf\u00e9s?") == ("customer", "cafe")


def test_neighbouring_words_are_looked_up_as_one():
    assert wanted("each high schooler") == {"high": 1, "schooler": 1, "highschooler": 2}


def test_a_question_of_any_length_is_bounded():
    assert len(wanted(" ".join(f"word{number}" for number in range(10_000)))) < 500
