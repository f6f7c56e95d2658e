"""Who wins, and what is refused, whatever the source."""

import pytest

from planner_cli import Planner
from planner_cli.app.choices import Choices, from_environment, from_mapping, method_settings
from planner_cli.app.settings import BY_KEYWORD, KNOBS, Settings
from planner_cli.errors import ModelError, PlannerError

SOURCES = ("command line", "argument", "environment", "configuration", "model")


@pytest.mark.parametrize("winner", range(len(SOURCES) + 1))
def test_the_earlier_source_wins(winner):
    said = {origin: {"budget": number} for number, origin in enumerate(SOURCES) if number >= winner}
    chosen = Choices(dict(reversed(said.items())))["budget"]
    assert (chosen.value, chosen.origin) == ((winner, SOURCES[winner]) if said else (512, "default"))
    assert chosen.by_user == (winner < 4)
    assert Choices(said).settings().plan.discriminator.budget == chosen.value


def test_every_knob_arrives_where_it_belongs():
    others = {int: 2, float: 0.25, str: "other", bool: None}
    for knob in KNOBS:
        value = next((c for c in knob.choices if c != knob.default), others.get(knob.kind, knob.default))
        if value is None:
            value = not knob.default
        if knob.keyword == "context":
            value = 128
        if knob.keyword == "today":
            value = "2025-06-18"
        if knob.many:
            value = ("a.b",)
        more = {"engine": "server", "url": "http://127.0.0.1:1"} if knob.group == "server" else {}
        if knob.keyword == "no_judge":
            more = {"select": "vote"}
        settings = Choices({"argument": {**more, knob.keyword: value}}).settings()
        for name in knob.path:
            settings = getattr(settings, name)
        assert settings == value, knob.name


def test_nothing_said_is_the_default():
    assert Choices().settings() == Settings()


def test_without_a_judge_probability_decides_unless_somebody_says_otherwise():
    for said, expected in (({}, ("weighted-vote", "default")), ({"select": "greedy"}, ("greedy", "argument"))):
        choices = Choices({"argument": {"no_judge": True, **said}})
        assert (choices.settings().plan.select, choices["select"].origin) == expected


CONTRADICTIONS = [
    ("a score without a judge", {"no_judge": True, "select": "rerank"}, "--select rerank exclude"),
    ("scores without a judge", {"no_judge": True, "select": "race"}, "--select race exclude"),
    ("a server without address", {"engine": "server"}, "needs --url"),
    ("an address without server", {"url": "http://127.0.0.1:1"}, "--url is for"),
    ("another address without server", {"discriminator_url": "http://127.0.0.1:1"}, "--url is for"),
    ("a small cache without flash", {"kv": "q8_0", "flash_attention": False}, "f16 without flash attention"),
]


@pytest.mark.parametrize(("said", "named"), [c[1:] for c in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS])
@pytest.mark.parametrize("origin", ["command line", "environment", "configuration"])
def test_contradictions_are_refused(said, named, origin):
    with pytest.raises(PlannerError, match=named):
        Choices({origin: said}).settings()


RELIES = [
    ("nothing", {}, {}, None),
    ("the model", {}, {"select": "rerank"}, None),
    ("a method", {"select": "rerank"}, {}, "--select rerank"),
    ("votes", {"select": "vote"}, {}, None),
    ("a bound", {"min_confidence": 0.0}, {}, None),
]


@pytest.mark.parametrize(("said", "model", "expected"), [r[1:] for r in RELIES], ids=[r[0] for r in RELIES])
def test_whether_somebody_made_the_scores_decide(said, model, expected):
    assert Choices({"argument": said, "model": model}).relies_on_scores == expected


WANTS = [
    ("nothing", {}, {}, False),
    ("a budget", {"budget": 0}, {}, True),
    ("scores", {"select": "race"}, {}, True),
    ("a bound", {"min_confidence": 0.5}, {}, False),
    ("a judge", {"no_judge": False}, {}, True),
    ("none", {"no_judge": True, "budget": 8}, {}, False),
    ("votes", {"select": "vote"}, {}, False),
    ("the model does", {}, {"budget": 8, "select": "rerank"}, False),
]


@pytest.mark.parametrize(("said", "model", "expected"), [w[1:] for w in WANTS], ids=[w[0] for w in WANTS])
def test_whether_somebody_asked_for_a_judge(said, model, expected):
    assert Choices({"configuration": said, "model": model}).wants_judge is expected


ENVIRONMENT = [
    ("a number", {"PLANNER_BUDGET": "32"}, {"budget": 32}),
    ("empty is unset", {"PLANNER_BUDGET": ""}, {}),
    ("a flag", {"PLANNER_NO_JUDGE": "1"}, {"no_judge": True}),
    ("a flag, off", {"PLANNER_MEND": "no"}, {"mend": False}),
    ("a list of names", {"PLANNER_TABLES": "a, b c"}, {"tables": ("a", "b c")}),
    ("a list of columns", {"PLANNER_REDACT": "a.b, c.d"}, {"redact": ("a.b", "c.d")}),
    ("a word", {"PLANNER_GPU_LAYERS": "auto"}, {"gpu_layers": None}),
    ("three words", {"PLANNER_FLASH_ATTENTION": "off"}, {"flash_attention": False}),
    ("a threshold", {"PLANNER_RACE_MARGIN": "0.1"}, {"race_margin": 0.1}),
    ("somebody else's", {"PLANNER_DEBUG": "1"}, {}),
]


@pytest.mark.parametrize(("variables", "expected"), [e[1:] for e in ENVIRONMENT], ids=[e[0] for e in ENVIRONMENT])
def test_variables(variables, expected):
    assert from_environment(KNOBS, variables) == expected


BAD_VARIABLES = [
    ("PLANNER_BUDGET", "many", "'many' is not a whole number"),
    ("PLANNER_BUDGET", "40000", "between 0 and 32768"),
    ("PLANNER_NO_JUDGE", "perhaps", "'perhaps' is not true or false"),
    ("PLANNER_MAX_SECONDS", "inf", "'inf' is not a finite number"),
    ("PLANNER_MAX_SECONDS", "nan", "'nan' is not a finite number"),
    ("PLANNER_KV", "q5_0", "is not one of f16, q8_0, q4_0"),
    ("PLANNER_GPU_LAYERS", "most", "'most' is not a whole number or auto"),
    ("PLANNER_GPU_LAYERS", "-1", "0 or more"),
    ("PLANNER_TABLES", "t,", "a name is missing at the end"),
]


@pytest.mark.parametrize(("name", "value", "named"), BAD_VARIABLES)
def test_bad_variables_are_named(name, value, named):
    with pytest.raises(PlannerError) as caught:
        from_environment(KNOBS, {name: value})
    assert caught.value.message.startswith(f"{name}: ")
    assert named in caught.value.message


BAD_VALUES = [
    ("a text for a number", {"budget": "64"}, "is not a whole number"),
    ("a fraction for a whole number", {"budget": 1.5}, "1.5 is not a whole number"),
    ("a truth for a number", {"budget": True}, "True is not a whole number"),
    ("a number for a truth", {"no_judge": 1}, "1 is not true or false"),
    ("a text for a list", {"redact": "a.b"}, "is not a list of texts"),
    ("a number in a list", {"tables": ["a", 3]}, "3 is not a text"),
    ("nothing where something is", {"candidates": None}, "None is not a whole number"),
    ("unknown", {"candidats": 3}, "there is no setting 'candidats'"),
]


@pytest.mark.parametrize(("values", "named"), [b[1:] for b in BAD_VALUES], ids=[b[0] for b in BAD_VALUES])
def test_bad_values_are_named(values, named):
    with pytest.raises(PlannerError) as caught:
        from_mapping(values, BY_KEYWORD)
    assert next(iter(values)) in caught.value.message
    assert named in caught.value.message


def test_an_unknown_setting_has_the_nearest_as_its_hint():
    with pytest.raises(PlannerError) as caught:
        from_mapping({"redct": ["a.b"]}, BY_KEYWORD)
    assert caught.value.hint == "did you mean redact?"


def test_thresholds_by_name():
    found = {knob.keyword: value for knob, value in method_settings(("race.margin=0.2", "correct.rounds=5"))}
    assert found == {"race_margin": 0.2, "correct_rounds": 5}


SLIPS = [
    ("redacted", "[defaults]\nredacted = ['customers.name']\n", {}),
    ("in ask's table", "[ask]\nredct = ['customers.name']\n", {}),
    ("no values", "[defaults]\nno_value = true\n", {}),
    ("a variable", "", {"PLANNER_REDCT": "customers.name"}),
]


@pytest.mark.parametrize(("text", "variables"), [s[1:] for s in SLIPS], ids=[s[0] for s in SLIPS])
def test_a_slip_that_would_uncover_something_is_refused(shop, monkeypatch, tmp_path, text, variables):
    config = tmp_path / "config.toml"
    config.write_text(text)
    monkeypatch.setenv("PLANNER_CONFIG", str(config))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PlannerError, match="there is no setting"):
        Planner.open(shop)


def test_options_of_commands_may_be_configured(shop, monkeypatch, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[defaults]\nlimit = 3\nformat = 'csv'\n[bench.e2e]\npart = 'dev'\n")
    monkeypatch.setenv("PLANNER_CONFIG", str(config))
    with pytest.raises(ModelError, match="nobody"):  # it got as far as that
        Planner.open(shop, generator="nobody")
