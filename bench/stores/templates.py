"""Fills each store that a run needs, unless it is kept from before, and keeps it as a template.

A template is a folder of the cache: the store's files, and :data:`DESCRIPTION`. It is made under a
temporary name and renamed once it is whole, so what a killed run leaves is never taken for one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bench.contracts import DataTemplate, Leftover, new_namespace
from bench.discovery import load
from bench.errors import BenchError, UnavailableError, UnsupportedError
from bench.handover.interpreter import Interpreter
from bench.interpreters.of_subjects import cache_directory
from bench.measure.runner import Interpreters, Templates, interpreters_of
from bench.measure.site import Site, copy_files
from bench.records.files import from_json, make_directory, to_json
from bench.scenario.plan import Trial
from bench.scenario.scenario import Scenario
from bench.subjects._factories.factory import subject_of

DESCRIPTION = "template.json"
MOST_BYTES = 20_000_000_000
"""What all templates take at most; beyond it those go that were used least recently."""
_PROGRAM = "bench.stores.filler"
# Raised where what is put, or how it is kept, becomes another.
_FORM = 1
_FILLING_LIMIT_S = 3600.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Description:
    """What a template says of itself."""

    content: str
    namespace: str
    password: str
    size_bytes: int


def stores_directory() -> Path:
    """Return where templates are kept for all scenarios of this user."""
    return cache_directory() / "stores"


def prepare_stores(
    scenario: Scenario,
    trials: Sequence[Trial],
    environment: Mapping[str, str],
    interpreters: Interpreters,
    say: Callable[[str], None],
    directory: Path | None = None,
) -> Templates:
    """Return the templates on which ``trials`` are measured; fill those that are not kept.

    ``say`` gets a line for each that is filled. In place of one that cannot be had stands why.

    Raises:
        InputError: a subject names an interpreter that is not among ``interpreters``.
    """
    stored = [trial for trial in trials if scenario.preload(trial.workload)]
    chosen = interpreters_of(scenario, interpreters) if stored else {}
    found: dict[tuple[str, str], DataTemplate | BenchError] = {}
    used: list[Path] = []
    for trial in stored:
        place = (trial.subject, trial.workload)
        if place in found:
            continue
        interpreter = chosen[trial.subject]
        folder = (directory or stores_directory()) / _key(scenario, trial, interpreter)
        try:
            if not folder.exists():
                say(f"filling the store of {trial.subject} for {trial.workload} …")
                _make(scenario, trial, environment, interpreter, folder)
            found[place] = _taken(folder)
            used.append(folder)
        except BenchError as error:
            found[place] = error
    if used:
        _limit(used)
    return found


def _key(scenario: Scenario, trial: Trial, interpreter: Interpreter) -> str:
    """Return a hash of all that what is stored, and its form, depend on."""
    use, preload = scenario.resolve(trial.subject), scenario.preload(trial.workload)
    subject = subject_of(use)
    server = load("server", subject.server).packages if subject.server else ()
    parts = [
        _FORM,
        use.model_dump(mode="json"),
        interpreter.path,
        preload.model_dump(mode="json") if preload else None,
        scenario.payloads[preload.payload].model_dump(mode="json") if preload else None,
        scenario.seed,
        sys.version_info[:2],
        {name: _version(name) for name in ("langgraph", *subject.packages, *server)},
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _version(package: str) -> str:
    with suppress(PackageNotFoundError):
        return version(package)
    return ""


def _make(
    scenario: Scenario,
    trial: Trial,
    environment: Mapping[str, str],
    interpreter: Interpreter,
    folder: Path,
) -> None:
    """Fill a store, and have its files lie in ``folder`` once all of them do.

    Raises:
        BenchError: it cannot be filled, or its server says no.
    """
    if not subject_of(scenario.resolve(trial.subject)).reopens:
        raise UnsupportedError("it keeps everything in its process, so no store can be prepared")
    empty = DataTemplate("", new_namespace())
    prefix = f".{os.getpid()}-"
    parent = make_directory(folder.parent)
    site = Site(scenario, trial, environment, interpreter, _PROGRAM, template=empty)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as half:
        with site:
            site.begin()
            for _ in site.worker.stages(_FILLING_LIMIT_S):
                pass
            failure = site.worker.result().failure
            if failure is not None:
                raise UnavailableError(f"its store was not filled: {failure.sentence}")
            source, password = site.settle()
            made = Path(half, "made")
            data = made / "data"
            data.mkdir(parents=True)
            copy_files(source, data)
        size_bytes = sum(path.lstat().st_size for path in data.rglob("*"))
        preload = scenario.preload(trial.workload)
        held = f"{preload.threads} × {preload.checkpoints_per_thread}" if preload else ""
        content = f"{trial.subject}, {held} checkpoints"
        told = Description(content, empty.namespace, password, size_bytes)
        description = made / DESCRIPTION
        # The password is of a server of ours alone, and nobody else's to read all the same.
        description.touch(mode=0o600)
        description.write_bytes(to_json(told))
        # Where another run was sooner, its own is as good.
        with suppress(FileExistsError):
            made.rename(folder)


def _taken(folder: Path) -> DataTemplate:
    description = folder / DESCRIPTION
    told = from_json(description.read_bytes(), Description)
    # Its time is that of the last use.
    description.touch()
    return DataTemplate(str(folder / "data"), told.namespace, told.password)


def _limit(used: Sequence[Path]) -> None:
    """Remove templates, the least recently used first, until the rest takes what it may."""
    descriptions = sorted(
        used[0].parent.glob(f"[0-9a-f]*/{DESCRIPTION}"), key=lambda path: path.stat().st_mtime
    )
    sizes = {each: from_json(each.read_bytes(), Description).size_bytes for each in descriptions}
    for description in descriptions:
        if sum(sizes.values()) > MOST_BYTES and description.parent not in used:
            del sizes[description]
            _remove(description.parent)


def clean(now_s: float, unused_days: float, *, remove: bool) -> Sequence[Leftover]:
    """List the templates that are kept; with ``remove`` remove those that are left over.

    That is what a killed run has half made, and what none has used in ``unused_days``.
    """
    directory = stores_directory()
    folders = sorted(directory.iterdir()) if directory.is_dir() else ()
    return [_cleaned(folder, now_s, unused_days, remove=remove) for folder in folders]


def _cleaned(folder: Path, now_s: float, unused_days: float, *, remove: bool) -> Leftover:
    name, description = str(folder), folder / DESCRIPTION
    if description.exists():
        told = from_json(description.read_bytes(), Description)
        days = (now_s - description.stat().st_mtime) / _DAY_S
        size = f"{told.size_bytes / 1e6:.0f} MB"
        content = f"{told.content}; {size}, last used {days:.0f} days ago"
        if days < unused_days:
            return Leftover(name, content, "recent")
    else:
        content, maker = "half made", folder.name.lstrip(".").partition("-")[0]
        if maker.isdecimal() and psutil.pid_exists(int(maker)):
            return Leftover(name, content, "in use")
    if remove:
        _remove(folder)
    return Leftover(name, content, "removed" if remove else "left over")


def _remove(folder: Path) -> None:
    """Remove a template, of which a half must not be taken for the whole."""
    with suppress(FileNotFoundError):
        gone = folder.with_name(f".{os.getpid()}-{folder.name}")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
