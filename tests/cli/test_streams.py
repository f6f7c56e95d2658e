"""Standard output that fails, and the file of --output."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from planner_cli.cli.streams import OutputError, check_target, output_stream
from planner_cli.errors import ExitCode, PlannerError

FAILING = [
    ("help on a full disk", "--help > /dev/full", 74, "No space left on device"),
    ("list on a full disk", "models list > /dev/full", 74, "No space left on device"),
    ("help without a standard output", "--help >&-", 74, "Bad file descriptor"),
    ("history without a standard output", "history path >&-", 74, "Bad file descriptor"),
    ("a reader that has gone", "models list | true", 0, ""),
    ("standard error that is full", "models path 2> /dev/full", 0, ""),
    ("no standard error", "ask 2>&-", 2, ""),
    ("no standard input", "history purge --all <&-", 0, "nothing has been asked yet"),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(("line", "code", "told"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
def test_a_stream_that_fails_is_one_line_and_an_exit_code(line, code, told):
    shell = f'set -o pipefail; "{sys.executable}" -m planner_cli {line}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert told in done.stderr
    assert done.stderr.count("\n") == bool(told)
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------ files


@pytest.fixture
def places(shop):
    """The folder of a database, with other files in it that an answer must not cost."""
    folder = shop.parent
    (folder / "other.bin").write_bytes(b"SQLite format 3\0 and so on")
    (folder / "model").write_bytes(b"GGUF and so on")
    (folder / "old.csv").write_text("old\n")
    (folder / "link.csv").symlink_to(shop)
    (folder / "hard.csv").hardlink_to(shop)
    return folder


REFUSED = [
    ("the database", "shop.sqlite", "is the database asked about"),
    ("a link to it", "link.csv", "is the database asked about"),
    ("another name of it", "hard.csv", "is the database asked about"),
    ("its write-ahead log", "shop.sqlite-wal", "belongs to"),
    ("its index of that", "shop.sqlite-shm", "belongs to"),
    ("its journal", "shop.sqlite-journal", "belongs to"),
    ("another database", "other.bin", "is an SQLite database"),
    ("a model", "model", "is a model file"),
    ("a folder", ".", "cannot be written there"),
    ("in no folder", "no/answer.csv", "cannot be written there"),
]


@pytest.mark.parametrize(("name", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_an_answer_must_not_overwrite(places, name, message):
    before = {path.name: path.read_bytes() for path in places.iterdir()}
    with pytest.raises(PlannerError, match=message) as caught:
        check_target(places / name, places / "shop.sqlite")
    assert caught.value.exit_code is ExitCode.USAGE
    assert {path.name: path.read_bytes() for path in places.iterdir()} == before


@pytest.mark.parametrize("name", ["new.csv", "old.csv", "shop.sqlite.csv"])
def test_what_it_may_overwrite(places, name):
    before = {path.name: path.read_bytes() for path in places.iterdir()}
    check_target(places / name, places / "shop.sqlite")
    assert {path.name: path.read_bytes() for path in places.iterdir()} == before


def test_the_file_is_whole_or_untouched(tmp_path):
    target = tmp_path / "answer.csv"
    target.write_text("old\n")

    def fail():
        with output_stream(target) as stream:
            stream.write("half")
            stream.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old\n"
    with output_stream(target) as stream:
        stream.write("nëw\n")
        assert target.read_text() == "old\n"
    assert target.read_text(encoding="utf-8") == "nëw\n"
    assert list(tmp_path.iterdir()) == [target]


def test_mode_and_link_are_kept(tmp_path):
    target, link = tmp_path / "answer.csv", tmp_path / "link.csv"
    target.write_text("old\n")
    target.chmod(0o640)
    link.symlink_to(target)
    with output_stream(link) as stream:
        stream.write("new\n")
    assert link.is_symlink()
    assert target.read_text() == "new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_mode(tmp_path):
    before = os.umask(0o027)
    try:
        with output_stream(tmp_path / "answer.csv"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "answer.csv").stat().st_mode) == 0o640


def test_devices_and_pipes_are_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        check_target(pipe, tmp_path / "shop.sqlite")
        with output_stream(pipe) as stream:
            stream.write("through\n")
        assert reader.communicate(timeout=10)[0] == "through\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    if Path("/dev/full").exists():
        with pytest.raises(OutputError, match="No space left"), output_stream(Path("/dev/full")) as stream:
            stream.write("x")


def test_a_file_in_memory_is_replaced_whole():
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        pytest.skip("this system has no /dev/shm")
    with TemporaryDirectory(dir=memory) as folder:
        target = Path(folder) / "answer.csv"
        target.write_text("old\n")
        with pytest.raises(UnicodeEncodeError), output_stream(target) as stream:
            stream.writelines(["new\n", "\ud800"])
        assert [(path.name, path.read_text()) for path in target.parent.iterdir()] == [("answer.csv", "old\n")]
