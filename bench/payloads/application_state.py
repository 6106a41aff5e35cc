"""What applications keep in a state, type by type."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import BaseModel, Field, field_validator

from bench.contracts import Payload, PluginOptions
from bench.errors import suggestion
from bench.values import canonical

_Content = TypeVar("_Content")

# So many different states for each of so many seeds; the stride shares no factor with the number.
_STATES = 64
_SEEDS = 1_000
_THREAD_STRIDE = 27


class Channel(enum.Enum):
    """By which way a customer writes."""

    MAIL = "mail"
    CHAT = "chat"


class Priority(enum.IntEnum):
    """An enum that is a number, too."""

    LOW = 1
    HIGH = 2


class Address(BaseModel):
    """A model that is inside another one."""

    city: str
    since: dt.date | None = None


class Customer(BaseModel):
    """A model with a model inside, and defaults."""

    name: str
    address: Address
    credit: Decimal | None = None


class Page(BaseModel, Generic[_Content]):
    """A generic model."""

    items: list[_Content]
    number: int = 1


@dataclasses.dataclass
class Position:
    """A dataclass with one inside."""

    article: str
    price: float
    parts: list[Position] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Draft:
    """A dataclass with a field that its constructor does not take."""

    text: str
    revisions: int = dataclasses.field(default=0, init=False)


@dataclasses.dataclass(frozen=True)
class Coordinates:
    """A dataclass that cannot be changed."""

    longitude: float
    latitude: float


def _customer(number: int) -> Customer:
    return Customer(name=f"customer {number}", address=Address(city=f"city {number}"))


def _dated_customer(number: int) -> Customer:
    address = Address(city=f"city {number}", since=dt.date(2020, 2, 29))
    return Customer(name=f"customer {number}", address=address, credit=Decimal("1.10"))


def _messages(number: int) -> dict[str, Any]:
    call = {"name": "look_up", "args": {"number": number}, "id": f"call-{number}"}
    return {
        "question": HumanMessage("Where is it?", id=f"question-{number}"),
        "others": [
            AIMessage("I look.", id=f"reply-{number}", tool_calls=[call]),
            ToolMessage("There.", id=f"answer-{number}", tool_call_id=f"call-{number}"),
        ],
    }


_UTC_PLUS_2 = dt.timezone(dt.timedelta(hours=2))

# Number of the state → a value of the type; the number is in it where there is room.
_MAKERS: Mapping[str, Callable[[int], Any]] = {
    "bool": lambda _: [True, False],
    "bytearray": lambda number: bytearray(b"\x00%d" % number),
    "bytes": lambda number: b"\x00\xff%d" % number,
    "counter": lambda number: Counter({"a": 2, "b": number}),
    "dataclass": lambda number: Position(f"article {number}", 1.1, [Position("part", 0.1)]),
    "dataclass_uninitialised": lambda number: Draft(f"draft {number}"),
    "date": lambda number: dt.date(2026, 1, 1) + dt.timedelta(days=number),
    "datetime_aware": lambda number: dt.datetime(2026, 1, 1, microsecond=number, tzinfo=dt.UTC),
    "datetime_naive": lambda number: dt.datetime(2026, 1, 1, microsecond=number),  # noqa: DTZ001 - states hold naive ones, too
    "datetime_offset": lambda _: dt.datetime(2026, 7, 1, 12, tzinfo=_UTC_PLUS_2),
    "decimal": lambda _: Decimal("1.10"),
    "defaultdict": lambda number: defaultdict(list, {"a": [number]}),
    "enum": lambda _: Channel.CHAT,
    "float": lambda _: [0.1 + 0.2, 44.8 + 4e-15, 1e-300, 1.7976931348623157e308, 1.0, -0.0],
    "float_nan": lambda _: [float("nan"), float("inf"), float("-inf")],
    "frozen_dataclass": lambda number: Coordinates(0.5 * number, -0.25),
    "frozenset": lambda number: frozenset({"a", f"{number}"}),
    "int": lambda number: [number, -1, 2**31, 2**53 + 1],
    "int_enum": lambda _: Priority.HIGH,
    "int_keys": lambda number: {1: "a", number + 2: "b"},
    "int_large": lambda _: [2**63 - 1, 2**64 - 1, -(2**63)],
    "message": _messages,
    "nested": lambda number: {"a": [{"b": {"c": [number, None]}}], "empty": [{}, [], ""]},
    "none": lambda _: None,
    "pydantic": _customer,
    "pydantic_generic": lambda number: Page[Customer](items=[_customer(number)]),
    "pydantic_in_list": lambda number: {"customers": [_customer(number), _customer(number + 1)]},
    "pydantic_with_types": _dated_customer,
    "set": lambda number: {1, 2, number + 3},
    "text": lambda number: f"ä 😀 \u0000 \u2028 {number}",
    "time": lambda _: dt.time.fromisoformat("12:30:15.000500"),
    "timedelta": lambda number: dt.timedelta(days=1, microseconds=number),
    "tuple": lambda number: (number, "a"),
    "tuple_keys": lambda number: {("a", 1): number},
    "tuple_nested": lambda number: {"a": [(1, (2, number))]},
    "uuid": lambda number: uuid.UUID(int=number),
}

TYPES: Mapping[str, object] = MappingProxyType({name: make(0) for name, make in _MAKERS.items()})
"""A value of each type, by the name that the option ``types`` knows it by."""


class ApplicationStateOptions(PluginOptions):
    """Which of the types a state holds, each under its name; empty: all of them."""

    types: tuple[str, ...] = Field(default=(), strict=False)

    @field_validator("types")
    @classmethod
    def _known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for name in given:
            if name not in TYPES:
                raise ValueError(f"there is no type {name!r}.{suggestion(name, TYPES)}")
        return given


class ApplicationStatePayload(Payload):
    """A dictionary with a value of each type; what comes back must be of the same type, too."""

    Options: ClassVar[type[PluginOptions]] = ApplicationStateOptions
    options: ApplicationStateOptions

    def __init__(self, options: PluginOptions, seed: int) -> None:
        super().__init__(options, seed)
        self._names = self.options.types or tuple(TYPES)
        first = (seed % _SEEDS) * _STATES
        self._states = [
            {name: _MAKERS[name](number) for name in self._names}
            for number in range(first, first + _STATES)
        ]

    def state(self, thread: int, turn: int) -> Any:
        return self._states[(thread * _THREAD_STRIDE + turn) % _STATES]

    def canonical(self, value: Any) -> bytes:
        return canonical(value)

    def describe(self) -> str:
        chosen = ", ".join(self._names) if len(self._names) < len(TYPES) else "all types"
        return f"application_state, {chosen}"
