"""Reads claims files and says what is wrong with them: which key, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from bench.claims.claim import Claim, ClaimsFile
from bench.errors import InputError, suggestion
from bench.scenario.scenario_file import parse_toml, read_text, validation_messages


def load_claims(directory: Path) -> tuple[Claim, ...]:
    """Read every claims file in ``directory``, in the order of their documents.

    Raises:
        InputError: the directory holds none, one of them is not right (see
            :func:`parse_claims_file`), or two of them have a claim of the same id.
    """
    paths = sorted(directory.glob("*.toml"))
    if not paths:
        raise InputError(f"{directory} holds no claims file (*.toml)")
    files = [(path, parse_claims_file(read_text(path, "the claims"), str(path))) for path in paths]
    files.sort(key=lambda found: found[1].document)
    problems = [*_repeated(files)]
    if problems:
        raise InputError("\n".join(problems))
    return tuple(claim for _, file in files for claim in claims_of(file))


def parse_claims_file(text: str, origin: str) -> ClaimsFile:
    """Check the claims file ``text``; ``origin`` names it in errors.

    Raises:
        InputError: it is not TOML, has an unknown or missing key, or a value of a wrong type; the
            text names the file and the key.
    """
    raw = parse_toml(text, origin)
    try:
        return ClaimsFile.model_validate(raw)
    except ValidationError as error:
        raise InputError("\n".join(validation_messages(error, origin, ClaimsFile))) from error


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
