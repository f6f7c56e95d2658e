"""The configuration file: what is unknown or of another type is refused, so that no slip switches redaction off."""

from __future__ import annotations

import codecs
import os

import pytest

from planner_cli.cli import cli, main
from planner_cli.cli.config_file import config_path, load_defaults, spread


@pytest.fixture
def config(private_home):
    path = config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


REFUSED = [
    # name, file, what the one line names
    ("key: redacted", b'[defaults]\nredacted = ["customers.name"]\n', ["[defaults] redacted", "did you mean redact?"]),
    ("table: default", b'[default]\nredact = ["customers.name"]\n', ["[default]", "did you mean defaults?"]),
    ("key in a command's table", b'[ask]\nredcat = ["customers.name"]\n', ["[ask] redcat", "did you mean redact?"]),
    ("case", b'[defaults]\nRedact = ["customers.name"]\n', ["[defaults] Redact", "did you mean redact?"]),
    ("table's case", b'[Ask]\nredact = ["customers.name"]\n', ["[Ask]", "did you mean ask?"]),
    ("outside of a table", b'redact = ["customers.name"]\n', ["redact is outside any table", "[defaults]"]),
    ("dotted outside", b'redact.columns = ["customers.name"]\n', ["[redact]"]),
    ("an array of tables", b'[[ask]]\nredact = ["customers.name"]\n', ["[[ask]] is an array of tables", "[ask], once"]),
    (
        "the common array",
        b'[[defaults]]\nredact = ["customers.name"]\n',
        ["[[defaults]] is an array", "[defaults], once"],
    ),
    ("a command's array", b'[[bench.e2e]]\nredact = ["a.b"]\n', ["[[bench.e2e]] is an array", "[bench.e2e], once"]),
    ("a command in the common", b'[defaults.ask]\nredact = ["a.b"]\n', ["[defaults.ask]", "write [ask]"]),
    ("a text for a table", b'defaults = "redact"\n', ["defaults is outside any table"]),
    ("a project's table", b'[tool.planner]\nredact = ["a.b"]\n', ["no command has the table [tool]"]),
    ("a table in quotes", b'["bench.e2e"]\nredact = ["a.b"]\n', ["no command has the table [bench.e2e]"]),
    ("a letter of another script", '[ask]\n"r\u0435dact" = ["a.b"]\n'.encode(), ["did you mean redact?"]),
    ("an accent", '[ask]\n"r\u00e9dact" = ["a.b"]\n'.encode(), ["did you mean redact?"]),
    ("a blank in the key", b'[ask]\n"redact " = ["a.b"]\n', ["did you mean redact?"]),
    ("as on the command line", b'[ask]\n"--redact" = ["a.b"]\n', ["did you mean redact?"]),
    ("what drives a terminal", b'[ask]\n"a\\u001b[2Jb" = 1\n', ["[ask] a\\x1b[2Jb"]),
    ("a table for a list", b'[ask]\nredact.columns = ["a.b"]\n', ["[ask] redact is a table", "list of texts"]),
    ("a time for a number", b"[ask]\nmax-seconds = 07:32:00\n", ["[ask] max-seconds has 07:32:00", "not a number"]),
    ("a moment for a number", b"[ask]\nlimit = 2026-01-01T00:00:00Z\n", ["has 2026-01-01T00:00:00+00:00"]),
    ("an exponent", b"[ask]\nlimit = 1e3\n", ["1000.0", "whole number"]),
    ("an empty name", b'[ask]\nredact = [""]\n', ["[ask] redact", "a name is missing"]),
    ("no reasoning format", b'[ask]\nreasoning = "deep"\n', ["[ask] reasoning: 'deep' is not one of think"]),
    ("too deep", b"a = " + b"[" * 9000 + b"]" * 9000, ["nested too deeply"]),
    ("UTF-32", "[ask]\n".encode("utf-32"), ["UTF-32", "save it as UTF-8"]),
    ("another command's option", b'[demo]\nredact = ["customers.name"]\n', ["[demo] redact", "planner demo"]),
    ("a group has no options", b'[bench]\nredact = ["customers.name"]\n', ["[bench] has no options", "redact"]),
    ("a group's command", b'[bench.e2]\nredact = ["customers.name"]\n', ["[bench.e2]", "did you mean e2e?"]),
    ("a table too deep", b'[ask.defaults]\nredact = ["customers.name"]\n', ["[ask] defaults"]),
    ("another command's table", b"[history.list]\nlimt = 3\n", ["[history.list] limt", "did you mean limit?"]),
    ("click's own name", b'[ask]\nformat_ = "csv"\n', ["[ask] format_", "did you mean format?"]),
    ("click's other name", b'[ask]\nlevel = "off"\n', ["[ask] level", "did you mean history?"]),
    ("an argument", b'[ask]\nquestion = "How many?"\n', ["[ask] question"]),
    ("the negative", b"[ask]\nno-mend = true\n", ["[ask] no-mend", "did you mean mend = false?"]),
    ("nothing near", b"[ask]\nxylophone = 1\n", ["[ask] xylophone", "planner ask --help"]),
    ("one key twice", b"[ask]\nno-judge = true\nno_judge = false\n", ["[ask] no_judge is set twice"]),
    ("a text for a list", b'[defaults]\nredact = "customers.name"\n', ["[defaults] redact", "['customers.name']"]),
    ("a number in a list", b"[defaults]\nredact = [1]\n", ["[defaults] redact", "1", "text"]),
    ("a list in a list", b'[ask]\nredact = [["a.b"]]\n', ["[ask] redact", "text"]),
    ("a fraction", b"[ask]\nlimit = 3.5\n", ["[ask] limit", "3.5", "whole number"]),
    ("a number as a text", b'[ask]\nlimit = "3"\n', ["[ask] limit", "'3'", "whole number"]),
    ("a boolean for a number", b"[ask]\nseed = true\n", ["[ask] seed has true", "whole number"]),
    ("a text for a boolean", b'[ask]\nno-values = "yes"\n', ["[ask] no-values", "'yes'", "true or false"]),
    ("a number for a boolean", b"[ask]\nno-values = 1\n", ["[ask] no-values", "1", "true or false"]),
    ("a number for a text", b"[ask]\ngenerator = 7\n", ["[ask] generator", "7", "text"]),
    ("a list for a number", b"[ask]\nbudget = [1]\n", ["[ask] budget", "whole number"]),
    ("a date for a text", b"[ask]\ngenerator = 2026-01-01\n", ["[ask] generator", "text"]),
    ("out of range", b"[ask]\nlimit = 0\n", ["[ask] limit", "0 is not in the range"]),
    ("out of range in defaults", b"[defaults]\ntop-p = 2\n", ["[defaults] top-p", "2"]),
    ("no finite number", b"[ask]\nmax-seconds = inf\n", ["[ask] max-seconds", "finite"]),
    ("no choice", b'[ask]\nformat = "cvs"\n', ["[ask] format", "'cvs'"]),
    ("no setting of a method", b'[ask]\nset = ["race.margn=0.2"]\n', ["[ask] set", "race.margn"]),
    ("no layers", b'[ask]\ngpu-layers = "many"\n', ["[ask] gpu-layers", "many"]),
    ("bad TOML", b'[ask]\nbudget = 3\nredact = ["a.b"\n', ["not valid TOML", "line 3"]),
    ("bad TOML midway", b"[ask]\r\nbudget = = 3\r\nlimit = 4\r\n", ["not valid TOML", "line 2"]),
    ("a key again", b"[ask]\nbudget = 3\nbudget = 4\n", ["not valid TOML", "line 3"]),
    ("a table again", b"[ask]\nbudget = 3\n[ask]\nlimit = 4\n", ["not valid TOML", "line 3"]),
    ("a BOM and bad TOML", codecs.BOM_UTF8 + b"\n[ask\n", ["not valid TOML", "line 2"]),
    ("bad UTF-8", b'[ask]\ngenerator = "caf\xe9"\n', ["line 2", "0xe9", "UTF-8"]),
    ("a BOM and bad UTF-8", codecs.BOM_UTF8 + b'[ask]\n\ngenerator = "\xff"\n', ["line 3", "0xff", "UTF-8"]),
    ("UTF-16", codecs.BOM_UTF16_LE + "[ask]\n".encode("utf-16-le"), ["UTF-16", "save it as UTF-8"]),
    ("a zero byte", b"[ask]\nbudget = 3\x00\n", ["not valid TOML", "line 2"]),
]


@pytest.mark.parametrize("command", [["ask", "q", "no.sqlite"], ["doctor"], ["history", "path"]], ids=" ".join)
@pytest.mark.parametrize(("text", "named"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_wrong_is_refused_whatever_command_runs(config, capsys, command, text, named):
    config.write_bytes(text)
    assert main(command) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("planner: ")
    assert error.count("\n") == 1
    assert all(word in error for word in (str(config), *named)), error


READ = [
    # name, file, table of click's default_map, its values
    ("defaults", b'[defaults]\nredact = ["a.b"]\n', "ask", {"redact": ["a.b"]}),
    ("a BOM", codecs.BOM_UTF8 + b'[defaults]\nredact = ["a.b"]\n', "ask", {"redact": ["a.b"]}),
    ("CRLF", b'[ask]\r\nredact = [\r\n  "a.b",\r\n]\r\nlimit = 3\r\n', "ask", {"redact": ["a.b"], "limit": 3}),
    ("a BOM and CRLF", codecs.BOM_UTF8 + b"[ask]\r\nlimit = 3\r\n", "ask", {"limit": 3}),
    ("hyphen", b"[ask]\nno-judge = true\n", "ask", {"no_judge": True}),
    ("underscore", b"[ask]\nno_judge = true\n", "ask", {"no_judge": True}),
    ("own before common", b"[defaults]\nno-judge = true\n[ask]\nno_judge = false\n", "ask", {"no_judge": False}),
    ("an option of another name", b'[ask]\nformat = "csv"\n', "ask", {"format_": "csv"}),
    ("history", b'[ask]\nhistory = "off"\n', "ask", {"level": "off"}),
    ("engine", b'[defaults]\nengine = "server"\n', "demo", {"engine": "server"}),
    ("a flag that can be switched off", b"[defaults]\nmend = false\n", "ask", {"mend": False}),
    ("layers", b"[ask]\ngpu-layers = 20\n", "ask", {"gpu_layers": 20}),
    ("all layers", b'[ask]\ngpu-layers = "auto"\n', "ask", {"gpu_layers": "auto"}),
    ("a whole number for a number", b"[ask]\nmax-seconds = 3\n", "ask", {"max_seconds": 3}),
    ("a quoted key", b'["ask"]\n"limit" = 3\n', "ask", {"limit": 3}),
    ("an inline table", b"ask = {limit = 3}\n", "ask", {"limit": 3}),
    ("letters of all kinds", 'defaults = {redact = ["Ärzte.Größe"]}'.encode(), "ask", {"redact": ["Ärzte.Größe"]}),
    ("only where the option is", b'[defaults]\nredact = ["a.b"]\n', "demo", {}),
    ("nothing", b"", "ask", {}),
    ("comments", b"# [ask]\n# limit = 3.5\n", "ask", {}),
]


@pytest.mark.parametrize(("text", "table", "values"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_what_is_right_is_read(config, text, table, values):
    config.write_bytes(text)
    assert spread(load_defaults(), cli)[table] == values


def test_a_groups_commands_are_reached(config):
    config.write_bytes(b'[defaults]\nredact = ["a.b"]\n[bench.e2e]\nlimit = 3\n[history.list]\njson = true\n')
    found = spread(load_defaults(), cli)
    assert found["bench"]["e2e"] == {"redact": ["a.b"], "limit": 3}
    assert found["bench"]["intrinsic"] == {"redact": ["a.b"]}
    assert found["history"]["list"] == {"as_json": True}


PLACES = [
    ("named, not there", lambda path: None, "there is no file"),
    ("a folder", lambda path: path.mkdir(), "cannot read"),
    ("a link to nowhere", lambda path: path.symlink_to("gone.toml"), "cannot read"),
]


@pytest.mark.parametrize(("make", "named"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES])
def test_a_file_that_was_meant_and_is_not_read_is_refused(tmp_path, monkeypatch, capsys, make, named):
    path = tmp_path / "mine.toml"
    make(path)
    monkeypatch.setenv("PLANNER_CONFIG", str(path))
    assert main(["history", "path"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error
    assert str(path) in error


def test_no_file_is_no_fault(capsys, monkeypatch):
    assert main(["history", "path"]) == 0
    monkeypatch.setenv("PLANNER_CONFIG", os.devnull)
    assert main(["history", "path"]) == 0


def test_help_needs_no_configuration(config, capsys):
    config.write_bytes(b"[nonsense")
    assert main(["--version"]) == 0
    assert main(["--help"]) == 0


WHOLE_TABLES = [
    ("a table", "customers"),
    ("in other letters", "CUSTOMERS"),
    ("quoted", '"customers"'),
    ("in brackets", "[customers]"),
]


@pytest.mark.parametrize("name", [case[1] for case in WHOLE_TABLES], ids=[case[0] for case in WHOLE_TABLES])
def test_a_table_is_no_column(shop, capsys, name):
    assert main(["ask", "Who is there?", str(shop), "--redact", name]) == 2
    assert "customers is a table: name its columns, id, name" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["command line", "environment", "a command's table", "the common table"])
def test_a_column_that_no_table_has_is_refused(config, shop, monkeypatch, capsys, source):
    arguments = ["ask", "Who is there?", str(shop)]
    if source == "command line":
        arguments += ["--redact", "customers.nam"]
    elif source == "environment":
        monkeypatch.setenv("PLANNER_REDACT", "customers.nam")
    else:
        table = "ask" if source == "a command's table" else "defaults"
        config.write_text(f'[{table}]\nredact = ["customers.city", "customers.nam"]\n')
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no column 'customers.nam' to redact (did you mean customers.name?)" in error


VARIABLES = [
    ("redact, misspelt", "PLANNER_REDCT", "customers.name", ["did you mean PLANNER_REDACT?"]),
    ("redacted", "PLANNER_REDACTED", "customers.name", ["did you mean PLANNER_REDACT?"]),
    ("the file", "PLANNER_CONFG", "/x.toml", ["did you mean PLANNER_CONFIG?"]),
    ("the level", "PLANNER_HISTORY_LEVL", "off", ["did you mean PLANNER_HISTORY_LEVEL?"]),
    ("an option that reads none", "PLANNER_YES", "1", ["--yes"]),
    ("small letters", "planner_redact", "customers.name", ["did you mean PLANNER_REDACT?"]),
    ("some small letters", "Planner_No_Judge", "1", ["did you mean PLANNER_NO_JUDGE?"]),
    ("the negative", "PLANNER_NO_MEND", "1", ["did you mean PLANNER_MEND?"]),
    ("a budget", "PLANNER_BUDGTE", "3", ["did you mean PLANNER_BUDGET?"]),
]


@pytest.mark.parametrize(
    ("name", "value", "named"), [case[1:] for case in VARIABLES], ids=[case[0] for case in VARIABLES]
)
def test_a_variable_that_would_do_nothing_is_refused(monkeypatch, capsys, name, value, named):
    monkeypatch.setenv(name, value)
    assert main(["history", "path"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(word in error for word in (f"{name} is not read", *named)), error


def test_another_programs_variable_is_left_alone(monkeypatch):
    monkeypatch.setenv("PLANNER_DATABASE_HOST", "db")
    assert main(["history", "path"]) == 0
