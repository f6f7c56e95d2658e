"""``planner doctor``: what this installation is, what it can use, and what would make it better.

A section is one function that returns a :class:`Section`; adding one is adding it to :data:`_SECTIONS`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from planner_cli.app.models import ready
from planner_cli.app.speeds import learn_speeds
from planner_cli.clean import clean
from planner_cli.cli.config_file import MODEL_ROLES, config_path, default_models, load_defaults
from planner_cli.cli.doctor.safety import check_safety
from planner_cli.cli.models.recommend import busy_note
from planner_cli.cli.models.speed import speeds_lines, speeds_record
from planner_cli.cli.output import say
from planner_cli.cli.results import versions
from planner_cli.database import Database
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.hub import list_models, models_dir, resolve, user_catalog_path
from planner_cli.settings import Limits
from planner_cli.types import Role
from planner_cli.ui.jsontext import to_json

State: TypeAlias = Literal["ok", "note", "fail"]
_PROBE_SECONDS = 8.0
_BUDGETS = (64, 256, 512)
_OLDEST_SQLITE = (3, 50, 2)
"""CVE-2025-6965 is fixed there."""
_UNITS = (
    "AVX2", "AVX512", "AVX512_VNNI", "AVX512_BF16", "AMX_INT8",
    "NEON", "DOTPROD", "SVE", "BLAS", "ACCELERATE", "OPENMP", "LLAMAFILE",
)  # fmt: skip
"""The parts of llama.cpp's build that matter for speed, as its own report names them."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report."""

    name: str
    lines: tuple[str, ...]
    """For people; the first is the gist."""
    data: dict[str, Any] = field(default_factory=dict)
    """For machines."""
    state: State = "ok"
    """``note``: something could be better; ``fail``: something does not work."""


@click.command()
@click.option("--no-speed", is_flag=True, help="Leave out the speed probe (about 8 s).")
@click.option("--safety", is_flag=True, help="Instead attack the sandbox, and report what held.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def doctor(no_speed: bool, safety: bool, as_json: bool) -> int:
    """Report versions, CPU, memory, GPU, models, configuration, sandbox and speed; opens no connection.

    Exit code 1 when something does not work.
    """
    if safety:
        return check_safety(as_json=as_json)

    chosen = [section for section in _SECTIONS if not (no_speed and section is _speed)]
    sections = []
    for build in chosen:
        section = _guarded(build)
        sections.append(section)
        if not as_json:
            mark = {"ok": "ok", "note": "note", "fail": "FAIL"}[section.state]
            for at, line in enumerate(section.lines):
                head = f"{mark:6}{section.name:12}" if at == 0 else " " * 18
                click.echo(clean(f"{head}{line}"))
    if as_json:
        document = {s.name: {"state": s.state, "lines": list(s.lines), **s.data} for s in sections}
        click.echo(to_json(document, indent=2))
    return ExitCode.NO_ANSWER if any(section.state == "fail" for section in sections) else ExitCode.OK


def _guarded(build: Callable[[], Section]) -> Section:
    """The section, or the fact that it failed: a doctor who faints helps nobody."""
    name = build.__name__.lstrip("_")
    try:
        return build()
    except PlannerError as error:
        hint = (error.hint,) if error.hint else ()
        return Section(name, (error.message, *hint), state="fail")
    except Exception as error:  # noqa: BLE001 - a broken library is what this command is for
        return Section(name, (f"{type(error).__name__}: {error}",), state="fail")


# ------------------------------------------------------------------------------------------------ sections


def _versions() -> Section:

    found = {**versions(), "python": platform.python_version(), "platform": platform.platform()}
    old = tuple(int(part) for part in found["sqlite"].split(".")) < _OLDEST_SQLITE
    gist = (
        f"planner {found['planner']}, Python {found['python']}, SQLite {found['sqlite']}, "
        f"llama-cpp-python {found['llama-cpp-python']}"
    )
    lines = (gist, found["platform"], *(("this SQLite has known CVEs: pip install --upgrade apsw",) if old else ()))
    return Section("versions", lines, found, "note" if old else "ok")


def _cpu() -> Section:
    from planner_cli.engine import library  # noqa: PLC0415 - may be broken, which this command says

    features = library.features()
    units = ", ".join(name for name in _UNITS if name in features) or "no vector units"
    slow = platform.machine().lower() in {"x86_64", "amd64"} and "AVX2" not in features
    lines = [f"{library.physical_cores()} cores used of {os.cpu_count()} logical; llama.cpp built with {units}"]
    unused = library.unused_units(_cpuinfo(), features)
    if slow:
        lines.append(f"without AVX2 it runs several times slower: {_rebuild('-DGGML_NATIVE=on')}")
    elif unused:
        lines.append(f"a build for any CPU (a prebuilt wheel): it leaves {', '.join(unused)} of this one unused")
        lines.append(f"to compile it for this CPU: {_rebuild('-DGGML_NATIVE=on')}")
    elif unused is not None:
        lines.append("a build for this CPU: no vector unit is left unused")
    data = {
        "cores": library.physical_cores(),
        "logical": os.cpu_count(),
        "features": features,
        "unused_units": None if unused is None else list(unused),
    }
    return Section("cpu", tuple(lines), data, "note" if slow or unused else "ok")


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # not Linux: nothing is known about the CPU, so nothing is claimed about it


def _memory() -> Section:
    from planner_cli.engine import library  # noqa: PLC0415 - may be broken, which this command says

    total, free = library.total_memory(), library.available_memory()
    told = "unknown on this system" if total is None else f"{total / 1e9:.1f} GB"
    if free is not None:
        told += f", {free / 1e9:.1f} GB free"
    return Section("memory", (told,), {"total": total, "available": free})


def _gpu() -> Section:
    from planner_cli.engine import library  # noqa: PLC0415 - may be broken, which this command says

    return gpu_section(graphics(), supported=library.gpu_supported())


def gpu_section(found: list[tuple[str, str]], *, supported: bool) -> Section:
    """Whether a build, which ``supported`` GPUs or not, uses what :func:`graphics` found, and if not, why."""
    data = {"build_supports_gpu": supported, "found": [name for name, _ in found], "used": supported and bool(found)}
    if supported and found:
        names = ", ".join(name for name, _ in found)
        return Section("gpu", (f"{names}: used, all layers (--gpu-layers limits them)",), data)
    if supported:
        return Section("gpu", ("llama.cpp was built for a GPU, but none is found here: the CPU is used",), data, "note")
    if not found:
        return Section("gpu", ("none found; llama.cpp is built for the CPU",), data)
    name, flag = found[0]
    data["rebuild"] = _rebuild(flag)
    return Section(
        "gpu", (f"{name} is here, but llama.cpp was built without it; to use it:", _rebuild(flag)), data, "note"
    )


def graphics(root: Path = Path("/")) -> list[tuple[str, str]]:
    """What looks like a usable GPU, with the CMake option of its backend: from device files, no driver is called."""
    found = []
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.append(("Apple GPU", "-DGGML_METAL=on"))
    for card in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        model = next((line.split(":", 1)[1].strip() for line in card.read_text().splitlines() if "Model:" in line), "")
        found.append((model or "NVIDIA GPU", "-DGGML_CUDA=on"))
    if not found and (root / "dev/nvidia0").exists():
        found.append(("NVIDIA GPU", "-DGGML_CUDA=on"))
    if (root / "dev/kfd").exists():
        found.append(("AMD GPU", "-DGGML_HIP=on"))
    if not found and any((root / "dev/dri").glob("renderD*")):
        found.append(("GPU with a Vulkan driver", "-DGGML_VULKAN=on"))
    return found


def _rebuild(flag: str) -> str:
    """The command that rebuilds llama.cpp for this interpreter."""
    python = shlex.quote(sys.executable)
    return f'CMAKE_ARGS="{flag}" {python} -m pip install --force-reinstall --no-cache-dir --no-deps llama-cpp-python'


def _models() -> Section:

    entries = [entry for entry in list_models() if entry.path is not None]
    chosen = {role: default_models().get(role, "builtin") for role in MODEL_ROLES}
    lines = [f"{len(entries)} ready; folder {models_dir()}"]
    states = set()
    for role, name in chosen.items():
        state, told = _default_model(role, name)
        states.add(state)
        lines += [f"{role} {name}: {told}", *(_UNTRAINED if state == "note" else ())]
    data = {"folder": str(models_dir()), "ready": [entry.name for entry in entries], "defaults": chosen}
    return Section("models", tuple(lines), data, next((state for state in _WORST if state in states), "ok"))


_UNTRAINED = (
    "nothing says that it was trained to judge, so it is not asked: the most probable result wins",
    "a trained one: --discriminator builtin, or what planner models recommend names; --judge asks this one",
)
_WORST: tuple[State, ...] = ("fail", "note")


def _default_model(role: Role, name: str) -> tuple[State, str]:
    """Whether the model that a role would load can be found, and is unchanged."""
    try:
        model = resolve(name, role)
    except PlannerError as error:
        return "fail", error.message + (f" ({error.hint})" if error.hint else "")
    state: State = "note" if role == "discriminator" and model.untrained else "ok"
    return state, f"{model.path.name}, sha256 {'as pinned' if model.sha256 else 'not pinned'}"


def _config() -> Section:

    path = config_path()
    settings = [
        (f"{table}.{name}", value, str(path))
        for table, values in load_defaults().items()
        for name, value in values.items()
    ]
    settings += [
        (name, value, "environment") for name, value in sorted(os.environ.items()) if name.startswith("PLANNER_")
    ]
    lines = [f"{path}{'' if path.is_file() else ' (not there)'}"]
    lines += [f"{name} = {value!r}  from {origin}" for name, value, origin in settings]
    if user_catalog_path().is_file():
        lines.append(f"own models in {user_catalog_path()}")
    data = {
        "file": str(path) if path.is_file() else None,
        "catalogue": str(user_catalog_path()) if user_catalog_path().is_file() else None,
        "settings": [{"name": name, "value": value, "origin": origin} for name, value, origin in settings],
    }
    return Section("config", tuple(lines), data)


def _sandbox() -> Section:
    """One correct query, one write and one endless query on a test database: a smoke test, not the attacks."""
    with tempfile.TemporaryDirectory(prefix="planner-doctor-") as folder:
        path = Path(folder) / "doctor.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        with Database.open(path, limits=Limits(seconds=0.5)) as database:
            read = database.execute("SELECT sum(a) FROM t")
            write = database.execute("DELETE FROM t")
            endless = database.execute(
                "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT sum(n) FROM c"
            )
        after = hashlib.sha256(path.read_bytes()).hexdigest()
        left = sorted(entry.name for entry in Path(folder).iterdir())
    checks = {
        "reads": read.rows == ((3,),),
        "refuses writing": write.error_kind == "refused",
        "stops what does not end": endless.error_kind == "time",
        "leaves the file and its folder as they were": before == after and left == ["doctor.sqlite"],
    }
    failed = [name for name, ok in checks.items() if not ok]
    gist = (
        "reads, refuses writing, stops what does not end, leaves no trace"
        if not failed
        else f"FAILED: {', '.join(failed)}"
    )
    return Section("sandbox", (gist,), {"checks": checks}, "fail" if failed else "ok")


def _speed() -> Section:
    chosen = [ready(default_models().get(role, "builtin"), role, note=partial(say, err=True)) for role in MODEL_ROLES]
    learnt = [(model, learn_speeds(model, _PROBE_SECONDS / len(chosen))) for model in chosen]
    judge = next(found for model, found in learnt if model.role == "discriminator").speed()
    seconds = {budget: round(judge.thinking_seconds(budget, 4), 1) for budget in _BUDGETS}
    told = ", ".join(f"--budget {budget} {took:.0f} s" for budget, took in seconds.items())
    lines = [line for model, found in learnt for line in speeds_lines(model, found)]
    lines.append(f"thinking about 4 results to the end of the budget: {told}")
    note = busy_note()
    if note:
        lines.append(note)
    records = [speeds_record(model, found) for model, found in learnt]
    return Section(
        "speed", tuple(lines), {"models": records, "budget_seconds": seconds, "busy": note}, "note" if note else "ok"
    )


_SECTIONS: tuple[Callable[[], Section], ...] = (
    _versions, _cpu, _memory, _gpu, _models, _config, _sandbox, _speed,
)  # fmt: skip
