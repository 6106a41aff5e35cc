"""Reads claims files and says what is wrong with them: which key, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.claims.claim import Claim, ClaimsFile
from bench.errors import InputError, suggestion
from bench.scenario.toml_file import read_model


def load_claims(directory: Path) -> tuple[Claim, ...]:
    """Read every claims file in ``directory``, in the order of their documents.

    Raises:
        InputError: the directory holds none, one of them is not right (see
            :func:`read_model`), or two of them have a claim of the same id.
    """
    paths = sorted(directory.glob("*.toml"))
    if not paths:
        raise InputError(f"{directory} holds no claims file (*.toml)")
    files = [(path, read_model(path, "the claims", ClaimsFile)) for path in paths]
    files.sort(key=lambda found: found[1].document)
    problems = [*_repeated(files)]
    if problems:
        raise InputError("\n".join(problems))
    return tuple(claim for _, file in files for claim in claims_of(file))


def claims_of(file: ClaimsFile) -> Iterator[Claim]:
    """Yield the claims of a file, in its order."""
    for claim_id, table in file.claims.items():
        yield Claim(
            id=claim_id,
            documents=(file.document, *table.also_in),
            kind=table.kind,
            statement=table.statement,
            why=table.why,
            judgements=table.judgements,
        )


def chosen(claims: Sequence[Claim], ids: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims of ``ids`` in their own order; all of them where none is given.

    Raises:
        InputError: there is no claim of such an id; the text names the nearest.
    """
    wanted = list(ids)
    known = [claim.id for claim in claims]
    unknown = [claim_id for claim_id in wanted if claim_id not in known]
    if unknown:
        lines = [f"there is no claim {name!r}.{suggestion(name, known)}" for name in unknown]
        raise InputError("\n".join(lines))
    return tuple(claim for claim in claims if not wanted or claim.id in wanted)


def _repeated(files: Sequence[tuple[Path, ClaimsFile]]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for path, file in files:
        for claim_id in file.claims:
            if claim_id in first:
                yield f"{path}: the claim {claim_id!r} stands in {first[claim_id]} already"
            first.setdefault(claim_id, path)
