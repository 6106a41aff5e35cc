"""Recorded conversations, as services export them: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.errors import InputError
from bench.scenario.toml_file import read_text, validation_messages

SAMPLE = Path(__file__).with_name("sample_conversations.jsonl")
"""Twelve conversations, made by ``python -m tests.recording``."""


def _seconds(given: object) -> object:
    """Read seconds since 1970, or a time as ISO 8601 writes it; without a zone it is UTC."""
    if not isinstance(given, str):
        return given
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        text = "expected seconds since 1970, or a time in ISO 8601"
        raise PydanticCustomError("timestamp", text) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


class _Recorded(BaseModel):
    """Part of a line. Services write further keys; these are not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class _Function(_Recorded):
    name: str
    arguments: str | Mapping[str, Any] = ""


class ToolCall(_Recorded):
    """A call as OpenAI writes it (``function``), or as LangChain does (``name``, ``args``)."""

    id: str | None = None
    name: str = ""
    args: Mapping[str, Any] = Field(default_factory=dict)
    function: _Function | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.name or self.function):
            raise PydanticCustomError("tool_call", "expected 'name' or 'function'")
        return self

    def as_langchain(self) -> dict[str, Any]:
        """Return the call as LangChain's messages hold it; what is no JSON object stays text."""
        if self.function is None:
            return {"id": self.id, "name": self.name, "args": dict(self.args)}
        args: Any = self.function.arguments
        if isinstance(args, str):
            try:
                args = json.loads(args or "{}")
            except ValueError:
                args = None
        if not isinstance(args, dict):
            args = {"arguments": self.function.arguments}
        return {"id": self.id, "name": self.function.name, "args": args}


class Message(_Recorded):
    """One message; of assistants ``tool_calls``, of tools the ``tool_call_id`` that is answered."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[str | dict[str, Any]] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str = ""
    timestamp: Annotated[float | None, BeforeValidator(_seconds)] = None

    @property
    def is_input(self) -> bool:
        """Whether it comes from outside the graph."""
        return self.role in {"system", "user"}


class Conversation(_Recorded):
    """One line of a recording."""

    messages: list[Message] = Field(min_length=1)

    @property
    def turns(self) -> list[tuple[int, int]]:
        """By turn where it begins, and where its input ends: wherever the user speaks again.

        The first message is always input.
        """
        is_input = [not place or each.is_input for place, each in enumerate(self.messages)]
        before, after = [False, *is_input], [*is_input[1:], False]
        begins = [place for place, one in enumerate(is_input) if one and not before[place]]
        ends = [place + 1 for place, one in enumerate(is_input) if one and not after[place]]
        return list(zip(begins, ends, strict=True))


@dataclass(frozen=True, slots=True)
class Recording:
    """The conversations of a file, in its order; ``lines`` has the number of each one's line."""

    file: str
    conversations: tuple[Conversation, ...]
    lines: tuple[int, ...]

    @classmethod
    def read(cls, file: str) -> Self:
        """Read the JSON lines of ``file``, or of the sample that comes with the program.

        Raises:
            InputError: it cannot be read, has no conversation, or a line is none; the text names
                file, line and what was expected.
        """
        file = file or str(SAMPLE)
        found, lines = [], []
        for number, value in json_lines(Path(file), "the recording"):
            try:
                found.append(Conversation.model_validate(value))
            except ValidationError as error:
                problems = validation_messages(error, f"{file}, line {number}", Conversation)
                raise InputError("\n".join(problems)) from error
            lines.append(number)
        if not found:
            raise InputError(f"{file}: it has no conversation; expected one JSON object a line")
        return cls(file, tuple(found), tuple(lines))

    @property
    def turns(self) -> list[int]:
        """By turn its conversation (0, 1, …), in the order in which they began, where that is told.

        Else, and of what began at once, in the order of the file.
        """
        every = [
            (turn, number)
            for number, one in enumerate(self.conversations)
            for turn in (one.messages[begin].timestamp for begin, _ in one.turns)
        ]
        if all(timestamp is not None for timestamp, _ in every):
            every.sort(key=lambda turn: turn[0] or 0.0)
        return [number for _, number in every]

    def due_s(self) -> tuple[float, ...]:
        """Return when each turn began, in seconds since the first did, in ascending order.

        Raises:
            InputError: the message that begins a turn has no timestamp.
        """
        began_s = []
        for line, conversation in zip(self.lines, self.conversations, strict=True):
            for place, _ in conversation.turns:
                timestamp = conversation.messages[place].timestamp
                if timestamp is None:
                    raise InputError(
                        f"{self.file}, line {line}: messages.{place} begins a turn and has no "
                        "'timestamp', by which the arrival 'recorded' goes; expected one, or "
                        "another kind of arrival"
                    )
                began_s.append(timestamp)
        return tuple(sorted(round(each - min(began_s), 6) for each in began_s))


def json_lines(path: Path, what: str) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each line that is not empty; ``what`` says what is read.

    Raises:
        InputError: the file cannot be read, or a line is not JSON.
    """
    # Other separators of lines may stand inside a text.
    for number, line in enumerate(read_text(path, what).split("\n"), start=1):
        try:
            if line.strip():
                yield number, json.loads(line)
        except json.JSONDecodeError as error:
            problem = f"this is not JSON: {error.msg} at column {error.colno}"
            raise InputError(f"{path}, line {number}: {problem}") from error
        # A number has too many digits, or brackets are nested too deep.
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: this is not JSON: {error}") from error
