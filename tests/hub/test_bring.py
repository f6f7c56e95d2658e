"""Files of this machine: linked or copied in, found at other programs', verified, removed, carried over a gap."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from gguf_files import ADAPTER, gguf, write

from planner_cli.errors import ModelError
from planner_cli.hub import bring, list_models, models_dir, registry, resolve, transfer
from planner_cli.hub.foreign import find_foreign

MODEL = gguf()
SHA256 = hashlib.sha256(MODEL).hexdigest()
OTHER = gguf(data=160)


def untold(_done, _total):
    pass


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home with the models of other programs in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ollama = tmp_path / ".ollama/models"
    write(ollama / "blobs" / f"sha256-{SHA256}", MODEL)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "1" * 64},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{SHA256}"},
    ]
    manifests = ollama / "manifests/registry.ollama.ai/library"
    write(manifests / "tiny" / "1b", json.dumps({"layers": layers}).encode())
    write(manifests / "broken" / "1b", b"{")
    write(manifests / "gone" / "1b", json.dumps({"layers": [{**layers[1], "digest": "sha256:" + "2" * 64}]}).encode())
    write(tmp_path / ".lmstudio/models/publisher/model/studio.gguf", OTHER)
    cache = tmp_path / ".cache/huggingface/hub/models--owner--repo"
    write(cache / "blobs" / SHA256, MODEL)
    snapshot = cache / "snapshots" / ("a" * 40) / "q4"
    snapshot.mkdir(parents=True)
    (snapshot / "cached.gguf").symlink_to(f"../../../blobs/{SHA256}")
    return tmp_path


def bring_in(spec, *, copy=False, name=None, notes=None):
    return bring.bring_in(
        str(spec), copy=copy, name=name, tell=untold, note=[].append if notes is None else notes.append
    )


def test_files_of_other_programs_are_found(home):
    sound = [entry for entry in find_foreign() if entry.problem is None]
    assert [(entry.ref, entry.name, entry.size, entry.sha256, entry.repo) for entry in sound] == [
        ("ollama:tiny:1b", "tiny-1b", len(MODEL), SHA256, None),
        ("lmstudio:publisher/model/studio.gguf", "studio", len(OTHER), None, None),
        ("hf:owner/repo:q4/cached.gguf", "cached", len(MODEL), SHA256, "owner/repo"),
    ]


@pytest.mark.parametrize(
    "spec", ["ollama:tiny:1b", "lmstudio:publisher/model/studio.gguf", "hf:owner/repo:q4/cached.gguf"]
)
def test_a_file_of_another_program_is_linked_and_used(spec):
    record = bring_in(spec)
    target = models_dir() / record.file
    assert target.is_symlink()
    assert resolve(record.name, "generator").sha256 == record.sha256
    (entry,) = [entry for entry in list_models() if entry.path == target]
    assert entry.link is not None
    assert bring.verify(record.name)[0].state == "right"


KINDS = ("license", "model")
"""Of a usual model's layers."""
PLACES = [
    ("another namespace", "registry.ollama.ai/somebody/tiny/1b", KINDS, "ollama:somebody/tiny:1b", "somebody-tiny-1b"),
    ("its library named", "registry.ollama.ai/library/two/1b", KINDS, "ollama:library/two:1b", "two-1b"),
    ("all of it named", "registry.ollama.ai/library/two/1b", KINDS, "ollama:registry.ollama.ai/library/two:1b", "two-1b"),
    ("the newest", "registry.ollama.ai/library/two/latest", KINDS, "ollama:two", "two-latest"),
    ("in other letters", "registry.ollama.ai/library/Two/1B", KINDS, "ollama:two:1b", "Two-1B"),
    ("from the hub", "hf.co/owner/Repo-GGUF/Q4_K_M", KINDS, "ollama:hf.co/owner/Repo-GGUF:Q4_K_M", "hf.co-owner-Repo-GGUF-Q4_K_M"),
    ("the hub's long name", "huggingface.co/owner/r/q8_0", KINDS, "ollama:huggingface.co/owner/r:q8_0", "huggingface.co-owner-r-q8_0"),
    ("a registry's port", "models.example:5000/team/m/v1", KINDS, "ollama:models.example:5000/team/m:v1", "models.example-5000-team-m-v1"),
    ("settings of its own", "registry.ollama.ai/library/two/1b", (*KINDS, "template", "system", "params"), "ollama:two:1b", "two-1b"),
    ("a picture's projector", "registry.ollama.ai/library/see/1b", (*KINDS, "projector"), "ollama:see:1b", "see-1b"),
]  # fmt: skip


def ollama(home, place, kinds):
    """A manifest whose model is there, and whose other layers are some digests."""
    digests = {"model": SHA256, "adapter": "a" * 64, "model 2": "b" * 64}
    layers = [
        {
            "mediaType": f"application/vnd.ollama.image.{kind.split()[0]}",
            "digest": f"sha256:{digests.get(kind, 'c' * 64)}",
        }
        for kind in kinds
    ]
    write(home / ".ollama/models/manifests" / place, json.dumps({"layers": layers}).encode())


@pytest.mark.parametrize(("place", "kinds", "spec", "name"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES])
def test_every_name_of_ollama_leads_to_its_own_model(home, place, kinds, spec, name):
    ollama(home, place, kinds)
    notes = []
    assert bring_in(spec, notes=notes).name == name
    assert notes == (
        []
        if kinds == KINDS
        else [f"{notes[0].split(': only')[0]}: only its weights are imported, not its {', '.join(kinds[2:])}"]
    )
    assert len(dict.fromkeys(entry.ref for entry in find_foreign())) == len(find_foreign())


MODEL_LAYER = "application/vnd.ollama.image.model"
SPELLINGS = [
    # name, kind of the layer, its digest, bytes before the manifest, name of the blob
    ("as Ollama writes it", MODEL_LAYER, f"sha256:{SHA256}", b"", f"sha256-{SHA256}"),
    ("large letters", MODEL_LAYER, f"sha256:{SHA256.upper()}", b"", f"sha256-{SHA256}"),
    ("a hyphen", MODEL_LAYER, f"sha256-{SHA256}", b"", f"sha256-{SHA256}"),
    ("a colon in the blob's name", MODEL_LAYER, f"sha256:{SHA256}", b"", f"sha256:{SHA256}"),
    ("the kind with a parameter", f"{MODEL_LAYER}; quantization=Q4_0", f"sha256:{SHA256}", b"", f"sha256-{SHA256}"),
    ("a byte order mark", MODEL_LAYER, f"sha256:{SHA256}", b"\xef\xbb\xbf", f"sha256-{SHA256}"),
]


@pytest.mark.parametrize(
    ("kind", "digest", "mark", "blob"), [case[1:] for case in SPELLINGS], ids=[case[0] for case in SPELLINGS]
)
def test_manifests_of_other_spellings_are_read(home, kind, digest, mark, blob):
    blobs = home / ".ollama/models/blobs"
    (blobs / f"sha256-{SHA256}").rename(blobs / blob)
    layers = {"layers": [{"mediaType": kind, "digest": digest}]}
    write(home / ".ollama/models/manifests/registry.ollama.ai/library/odd/1b", mark + json.dumps(layers).encode())
    assert bring_in("ollama:odd:1b").sha256 == SHA256


ODD_STORES = [
    ("an adapter", (*KINDS, "adapter"), "a model with an adapter over it", "--name odd-1b-adapter"),
    ("two adapters", (*KINDS, "adapter", "adapter"), "2 adapters", "--name odd-1b-adapter1"),
    ("several layers of weights", (*KINDS, "model 2"), "its weights are 2 layers", None),
    ("missing weights", ("license", "model 2"), "its weights are missing", "ollama pull odd:1b"),
    ("tensors", ("license", "tensor", "tensor"), "tensors for Ollama's own engine", "GGUF"),
    ("a model in the cloud", (), "no weights on this machine", None),
    ("an adapter without a model", ("adapter",), "no weights on this machine", None),
    ("a manifest cut short", None, "its manifest cannot be read", "ollama pull odd:1b"),
    ("a digest that leads elsewhere", "../../x", "its manifest cannot be read", "ollama pull odd:1b"),
    ("layers of no list", 7, "its manifest cannot be read", "ollama pull odd:1b"),
]  # fmt: skip


@pytest.mark.parametrize(("kinds", "message", "hint"), [o[1:] for o in ODD_STORES], ids=[o[0] for o in ODD_STORES])
def test_what_ollama_has_and_we_cannot_use_is_said(home, capsys, kinds, message, hint):
    from planner_cli.cli import main

    place = "registry.ollama.ai/library/odd/1b"
    if isinstance(kinds, tuple):
        ollama(home, place, kinds)
    else:
        layers = (
            [{"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{kinds}"}]
            if isinstance(kinds, str)
            else kinds
        )
        write(
            home / ".ollama/models/manifests" / place,
            b"{" if kinds is None else json.dumps({"layers": layers}).encode(),
        )
    with pytest.raises(ModelError, match=message) as caught:
        bring_in("ollama:odd:1b")
    assert "\n" not in caught.value.message
    assert hint is None or hint in caught.value.hint
    assert registry.installed() == {}
    assert main(["models", "import"]) == 0  # it is listed, and why it cannot be had
    assert any(line.startswith("ollama:odd:1b") and message in line for line in capsys.readouterr().out.splitlines())


def test_both_parts_of_an_adapted_model_can_be_imported_as_it_says(home):
    ollama(home, "registry.ollama.ai/library/odd/1b", (*KINDS, "adapter"))
    write(home / f".ollama/models/blobs/sha256-{'a' * 64}", gguf(ADAPTER))
    with pytest.raises(ModelError) as caught:
        bring_in("ollama:odd:1b")
    for command in caught.value.hint.removeprefix("separately: ").split("; then "):
        path, name = command.removeprefix("planner models import ").split(" --name ")
        bring_in(path, name=name)
    model = resolve("odd-1b", "generator", adapter="odd-1b-adapter")
    assert (model.path.name, model.adapter.name) == ("odd-1b.gguf", "odd-1b-adapter.gguf")


def test_a_blob_of_an_old_ollama_is_found(home):
    blobs = home / ".ollama/models/blobs"
    (blobs / f"sha256-{SHA256}").rename(blobs / f"sha256:{SHA256}")
    assert bring_in("ollama:tiny:1b").sha256 == SHA256


def test_two_revisions_in_the_hubs_cache_are_told_apart(home):
    cache = home / ".cache/huggingface/hub/models--owner--repo"
    write(cache / "snapshots" / ("b" * 40) / "q4" / "cached.gguf", OTHER)
    write(cache / "refs/main", b"b" * 40)
    found = {entry.ref: entry.revision for entry in find_foreign() if entry.ref.startswith("hf:")}
    assert found == {"hf:owner/repo:q4/cached.gguf": "b" * 40, f"hf:owner/repo@{'a' * 40}:q4/cached.gguf": "a" * 40}
    assert bring_in("hf:owner/repo:q4/cached.gguf").sha256 == hashlib.sha256(OTHER).hexdigest()
    assert bring_in(f"hf:owner/repo@{'a' * 40}:q4/cached.gguf", name="older").sha256 == SHA256


def test_a_copy_stays_when_its_source_goes(home):
    source = write(home / "m.gguf", MODEL)
    record = bring_in(source, copy=True, name="mine")
    source.unlink()
    assert (models_dir() / "mine.gguf").read_bytes() == MODEL
    assert resolve("mine", "generator").sha256 == SHA256 == record.sha256


def test_a_file_that_is_not_what_its_owner_says_is_refused(home):
    (home / f".ollama/models/blobs/sha256-{SHA256}").write_bytes(OTHER)
    for copy, message in ((False, "is damaged"), (True, "it was removed")):
        with pytest.raises(ModelError, match=message):
            bring_in("ollama:tiny:1b", copy=copy)
    assert not list(models_dir().iterdir())


WRONG = [
    ("unknown reference", "ollama:none:1b", "neither a file nor known"),
    ("no such file", "none.gguf", "no such model file"),
    ("folder", ".", "is a folder"),
    ("no model", "text.gguf", "is not a GGUF file"),
    ("vocabulary", "vocabulary.gguf", "holds no weights"),
]


@pytest.mark.parametrize(("spec", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_imported_ends_in_one_line(home, monkeypatch, spec, message):
    monkeypatch.chdir(home)
    write(home / "text.gguf", b"hello" * 10)
    write(home / "vocabulary.gguf", gguf(tensors=[], data=0))
    with pytest.raises(ModelError, match=message):
        bring_in(spec)
    assert registry.installed() == {}


def test_a_taken_name_is_not_replaced(home):
    bring_in("ollama:tiny:1b", name="mine")
    with pytest.raises(ModelError, match="is there already"):
        bring_in("lmstudio:publisher/model/studio.gguf", name="mine")


def test_verify_tells_right_changed_missing_and_unpinned(home):
    for name in ("right", "changed", "missing"):
        bring_in(write(home / f"{name}.gguf", MODEL), copy=True)
    write(models_dir() / "unpinned.gguf", MODEL)
    changed = models_dir() / "changed.gguf"
    status = changed.stat()
    changed.write_bytes(MODEL[:-1] + b"\x55")
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a failing disk would: nothing remembered helps
    (models_dir() / "missing.gguf").unlink()
    states = {entry.name: entry.state for entry in bring.verify()}
    assert {name: states[name] for name in ("right", "changed", "missing", "unpinned")} == {
        name: name for name in ("right", "changed", "missing", "unpinned")
    }
    with pytest.raises(ModelError, match="unknown model 'nothing'"):
        bring.verify("nothing")
    with pytest.raises(ModelError, match="'qwen3-4b' is not on this machine"):
        bring.verify("qwen3-4b")


def test_rm_frees_a_copy_and_only_unlinks_a_link(home):
    source = write(home / "m.gguf", MODEL)
    bring_in(source, copy=True, name="copied")
    bring_in(source, name="linked")
    write(models_dir() / ".copied.gguf.0123456789abcdef.part", b"x" * 10)
    assert bring.what_goes("copied").freed == len(MODEL)
    assert bring.remove("copied").freed == len(MODEL) + 10
    gone = bring.remove("linked.gguf")
    assert (gone.freed, gone.target) == (0, source)
    assert source.read_bytes() == MODEL
    assert registry.installed() == {}
    assert not [path for path in models_dir().iterdir() if "gguf" in path.name]
    for name, message in (("copied", "there is no 'copied'"), ("../m", "there is no"), ("builtin", "other files")):
        with pytest.raises(ModelError, match=message):
            bring.remove(name)


def test_a_link_whose_file_is_gone_can_be_removed(home):
    source = write(home / "m.gguf", MODEL)
    bring_in(source, name="linked")
    source.unlink()
    assert [entry.state for entry in bring.verify() if entry.name == "linked"] == ["missing"]
    assert bring.remove("linked").target == source


# ---------------------------------------------------------------------------------------------- transfer


@pytest.fixture
def stick(home, monkeypatch):
    """A bundle of two models, and the empty models folder of another machine."""
    bring_in(write(home / "one.gguf", MODEL), name="one")
    bring_in(write(home / "two.gguf", OTHER), copy=True)
    digest, records = transfer.export(home / "stick", (), untold)
    assert [record.name for record in records] == ["one", "two"]
    monkeypatch.setenv("PLANNER_MODELS", str(home / "elsewhere"))
    return home / "stick", digest


def test_models_cross_the_gap(stick, home):
    folder, digest = stick
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert str(home) not in (folder / transfer.MANIFEST).read_text()
    assert hashlib.sha256((folder / transfer.MANIFEST).read_bytes()).hexdigest() == digest
    for _ in range(2):  # the second time all of it is there
        records = transfer.import_bundle(folder, manifest_sha256=digest.upper(), tell=untold)
        assert [(record.name, record.origin) for record in records] == [("one", "bundle"), ("two", "bundle")]
    shutil.rmtree(folder)
    assert resolve("one", "generator").sha256 == SHA256
    assert [entry.state for entry in bring.verify() if entry.name in {"one", "two"}] == ["right", "right"]


def test_a_byte_changed_on_the_way_is_refused(stick):
    folder, digest = stick
    (folder / "two.gguf").write_bytes(OTHER[:-1] + b"\x55")
    with pytest.raises(ModelError, match=r"two\.gguf: what arrived is not the file"):
        transfer.import_bundle(folder, manifest_sha256=digest, tell=untold)
    assert sorted(registry.installed()) == ["one.gguf"]
    assert not (models_dir() / "two.gguf").exists()


DAMAGED_STICKS = [
    ("a file is missing", lambda path: path.unlink(), r"no such model file: .*two\.gguf"),
    ("a folder in its place", lambda path: (path.unlink(), path.mkdir()), "is a folder"),
    ("a link to itself", lambda path: (path.unlink(), path.symlink_to(path)), r"two\.gguf"),
    ("a pipe", lambda path: (path.unlink(), os.mkfifo(path)), "is not a regular file"),
    ("cut short", lambda path: path.write_bytes(OTHER[:-1]), "what arrived is not the file"),
    ("nothing in it", lambda path: path.write_bytes(b""), "what arrived is not the file"),
    ("longer", lambda path: path.write_bytes(OTHER + b"x"), "what arrived is not the file"),
    ("another model", lambda path: path.write_bytes(MODEL), "what arrived is not the file"),
]


@pytest.mark.parametrize(("damage", "message"), [d[1:] for d in DAMAGED_STICKS], ids=[d[0] for d in DAMAGED_STICKS])
def test_a_damaged_stick_ends_in_one_line(stick, damage, message):
    folder, digest = stick
    damage(folder / "two.gguf")
    with pytest.raises(ModelError, match=message) as caught:
        transfer.import_bundle(folder, manifest_sha256=digest, tell=untold)
    assert "\n" not in caught.value.message
    assert sorted(registry.installed()) == ["one.gguf"]
    assert [path.name for path in models_dir().iterdir() if "two" in path.name] == []


def test_a_stick_that_is_pulled_out_is_what_cannot_be_read(stick, monkeypatch):
    folder, digest = stick

    real = Path.open

    def gone(*_):
        raise OSError(errno.EIO, "Input/output error")

    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        seek = read = gone

    monkeypatch.setattr(
        Path, "open", lambda path, *a, **o: Broken() if path == folder / "two.gguf" else real(path, *a, **o)
    )
    with pytest.raises(ModelError, match=r"cannot read .*two\.gguf: Input/output error"):
        transfer.import_bundle(folder, manifest_sha256=digest, tell=untold)
    assert not list(models_dir().glob(".two*"))


def test_a_changed_manifest_is_refused_by_its_own_hash(stick):
    folder, digest = stick
    manifest = folder / transfer.MANIFEST
    manifest.write_text(manifest.read_text().replace("0.1", "0.2"))
    with pytest.raises(ModelError, match="not the manifest that was exported"):
        transfer.import_bundle(folder, manifest_sha256=digest, tell=untold)


MANIFESTS = [
    ("no JSON", "{", "not a manifest"),
    ("other version", '{"schema_version": 7, "models": []}', "schema_version 7"),
    ("no models", '{"schema_version": 1}', "not a manifest"),
    ("unknown field", '{"schema_version": 1, "models": [{"x": 1}]}', "not a manifest"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in MANIFESTS], ids=[case[0] for case in MANIFESTS])
def test_a_wrong_manifest_is_refused(tmp_path, text, message):
    (tmp_path / transfer.MANIFEST).write_text(text)
    with pytest.raises(ModelError, match=message):
        transfer.import_bundle(tmp_path, manifest_sha256=None, tell=untold)


def test_a_manifest_cannot_name_a_file_elsewhere(stick, home):
    folder, _ = stick
    manifest = folder / transfer.MANIFEST
    manifest.write_text(manifest.read_text().replace('"one.gguf"', '"../one.gguf"'))
    with pytest.raises(ModelError, match="outside its folder"):
        transfer.import_bundle(folder, manifest_sha256=None, tell=untold)


def test_export_refuses_what_it_cannot_stand_for(home):
    with pytest.raises(ModelError, match="models folder is empty"):
        transfer.export(home / "stick", (), untold)
    with pytest.raises(ModelError, match="unknown model"):
        transfer.export(home / "stick", ("nothing",), untold)
    with pytest.raises(ModelError, match="not on this machine"):
        transfer.export(home / "stick", ("qwen3-4b",), untold)
    source = write(home / "m.gguf", MODEL)
    bring_in(source, name="linked")
    source.write_bytes(OTHER)
    with pytest.raises(ModelError, match="what arrived is not the file"):
        transfer.export(home / "stick", (), untold)
    assert not (home / "stick" / transfer.MANIFEST).exists()


def test_a_bundle_is_exported_once(stick, home, monkeypatch):
    folder, _ = stick
    monkeypatch.delenv("PLANNER_MODELS")
    with pytest.raises(ModelError, match="is there already"):
        transfer.export(folder, (), untold)
    assert Path(folder / "one.gguf").exists()
