"""What a callable from outside is called with: the options, and places of the trial among them.

In the texts of options ``{address}`` stands for the server's address (without its scheme where one
is written before it), ``{directory}`` for the trial's private directory, and ``{namespace}`` for a
name that nothing else in the store has. A table with a key ``use`` stands for what that gives when
it is called with the other keys.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from bench.contracts import Endpoint, Place
from bench.discovery import attribute
from bench.errors import InputError, suggestion

_ADDRESS, _DIRECTORY, _NAMESPACE = "{address}", "{directory}", "{namespace}"
# Parameters that are given the server's address, beside one that is called as the server is.
_ADDRESSES = frozenset(
    {
        *("server", "address", "url", "uri", "dsn", "conninfo", "conn_string", "conn_str"),
        *("connection_string", "connection_url", "database_url", "db_url", "db_uri"),
        *("redis_url", "postgres_url", "postgres_uri"),
    }
)


class Arguments:
    """Of ``called`` (by its name ``path``): what is ``given``, perhaps with a server's address."""

    def __init__(self, called: Callable[..., object], path: str, given: Mapping[str, Any]) -> None:
        self._path = path
        self._server: str | None = None
        self._parameters = _parameters_of(called)
        self.given = dict(given)

    def fill_in(self, server: str | None) -> None:
        """Give what no option gives of a saver on ``server``, if any.

        With a server, the parameter that is named as an address, or the only required one, gets the
        address; what is then the only required one the directory.
        """
        self._server = server
        if server and not self._has_address():
            left = self._left()
            named = [each.name for each in left if each.name in {*_ADDRESSES, server}]
            self.given |= dict.fromkeys(named[:1] or _only(required(left)), _ADDRESS)
        self.given |= dict.fromkeys(_only(required(self._left())), _DIRECTORY)

    def check(self, others: Iterable[str] = ()) -> None:
        """Check that it takes them; ``others`` are options that are not passed on.

        Raises:
            InputError: it has no such parameter, none for the address, or requires others; or what
                an argument uses cannot be imported, or does not take what it is given.
        """
        accepted = {each.name for each in self._parameters if each.kind is not each.VAR_KEYWORD}
        takes_any = len(accepted) < len(self._parameters)
        for name in self.given if not takes_any else ():
            if name not in accepted:
                valid = suggestion(name, [*accepted, *others])
                raise InputError(f"unknown key {name!r}.{valid}")
        if self._server and not self._has_address():
            raise InputError(
                f"{self._path!r} has no parameter for the address of {self._server}; write "
                f"'{_ADDRESS}' in the text of an option that is to hold it"
            )
        if missing := required(self._left()):
            raise InputError(f"{self._path!r} requires {', '.join(missing)}: give them as options")
        for name, value in self.given.items():
            check_used(name, value)

    def _left(self) -> list[inspect.Parameter]:
        return [each for each in self._parameters if each.name not in self.given]

    def _has_address(self) -> bool:
        return any(_ADDRESS in text for text in _texts(self.given))


def call(called: Callable[..., object], values: Mapping[str, Any]) -> object:
    """Call it with ``values`` by name, as far as its parameters can be named."""
    keywords = dict(values)
    positional = [
        keywords.pop(each.name)
        for each in _parameters_of(called)
        if each.kind is each.POSITIONAL_ONLY and each.name in keywords
    ]
    return called(*positional, **keywords)


def used_by(table: Mapping[str, Any]) -> Callable[..., object]:
    """Return what the key ``use`` of a table among the options names.

    Raises:
        InputError: it cannot be imported, or not be called.
    """
    use = table["use"]
    found = attribute(repr(str(use)), str(use))
    if not callable(found):
        raise InputError(f"{use!r} is of type {type(found).__name__}; expected what can be called")
    return found


def check_used(key: str, value: object) -> None:
    """Check whatever is used in ``value``, which is that of the option ``key``.

    Raises:
        InputError: as :meth:`Arguments.check`, with the key.
    """
    if isinstance(value, list):
        for number, each in enumerate(value):
            check_used(f"{key}.{number}", each)
    elif isinstance(value, Mapping) and "use" not in value:
        for name, each in value.items():
            check_used(f"{key}.{name}", each)
    elif isinstance(value, Mapping):
        given = {name: each for name, each in value.items() if name != "use"}
        try:
            Arguments(used_by(value), str(value["use"]), given).check()
        except InputError as error:
            raise InputError(f"{key}: {error}") from error


def _parameters_of(called: Callable[..., object]) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        # Of what is not written in Python nothing may be known: it takes what it is given.
        return [inspect.Parameter("anything", inspect.Parameter.VAR_KEYWORD)]
    return [each for each in found if each.kind is not each.VAR_POSITIONAL]


def required(parameters: Iterable[inspect.Parameter]) -> list[str]:
    """Name the parameters without which it cannot be called."""
    return [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]


def _only(names: list[str]) -> list[str]:
    return names if len(names) == 1 else []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def placed(value: Any, place: Place) -> Any:
    """Return ``value`` with what stands for the address, the directory and the namespace."""
    if isinstance(value, Mapping):
        return {name: placed(each, place) for name, each in value.items()}
    if isinstance(value, list):
        return [placed(each, place) for each in value]
    if value == _DIRECTORY:
        return place.directory
    if isinstance(value, str):
        if (own := f"://{_ADDRESS}") in value:
            # A scheme of its own names a driver as well, which is not libpq.
            url = _url(place.endpoint, libpq=False) if place.endpoint else ""
            value = value.replace(own, f"://{url.partition('://')[2]}")
        value = value.replace(_ADDRESS, _url(place.endpoint) if place.endpoint else "")
        value = value.replace(_DIRECTORY, str(place.directory))
        value = value.replace(_NAMESPACE, place.namespace)
    return value


def _url(endpoint: Endpoint, *, libpq: bool = True) -> str:
    """Return the address as a URL, which every client reads; libpq's keywords only its own do.

    Who knows nothing of ``libpq`` gets no parameters of an embedded server: these only choose the
    schema, and how sure the client must be of the server.
    """
    if "://" in endpoint.url:
        return endpoint.url
    # Where an address is no URL, the driver that reads it is installed.
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - see above

    given = {name: str(value) for name, value in conninfo_to_dict(endpoint.url).items()}
    given["host"] = given.pop("hostaddr", "") or given.get("host", "")
    user, password, host, port, database = (
        quote(given.pop(name, ""), safe="")
        for name in ("user", "password", "host", "port", "dbname")
    )
    if endpoint.kind == "embedded":
        # Other clients refuse what libpq alone knows.
        for name in ("gssencmode", "require_auth") if libpq else tuple(given):
            given.pop(name, None)
    rest = urlencode(given, quote_via=quote)
    return f"postgresql://{user}:{password}@{host}:{port}/{database}{'?' if rest else ''}{rest}"
