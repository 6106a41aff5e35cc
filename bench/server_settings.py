"""Which settings of a server decide what survives a crash, and what they amount to."""

from __future__ import annotations

from collections.abc import Mapping

from bench.scenario.durability import Durability

UNKNOWN = "unknown"
"""The value of a setting that a server does not tell."""
POSTGRES_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "wal_level")
REDIS_SETTINGS = ("appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy")


def postgres_durability(settings: Mapping[str, str]) -> Durability:
    """Return the class of these settings.

    Every value of ``synchronous_commit`` but ``off`` waits for the local flush; with ``fsync`` off
    there is no flush to wait for and a crash can corrupt everything, so nothing counts as kept.
    """
    if "fsync" not in settings or "synchronous_commit" not in settings:
        return Durability.UNKNOWN
    if settings["fsync"] == "off":
        return Durability.VOLATILE
    return postgres_commit_durability(settings["synchronous_commit"])


def postgres_commit_durability(synchronous_commit: str) -> Durability:
    """Return the class that ``synchronous_commit`` asks for."""
    return Durability.RELAXED if synchronous_commit == "off" else Durability.FSYNC


def redis_durability(settings: Mapping[str, str]) -> Durability:
    """Return the class of these settings.

    A server with snapshots but no append-only file loses what came after the last snapshot:
    ``relaxed``. ``appendfsync no`` leaves flushing to the operating system: ``relaxed`` too.
    """
    appendonly, save = settings.get("appendonly"), settings.get("save")
    if appendonly == "yes":
        appendfsync = settings.get("appendfsync")
        if appendfsync in {UNKNOWN, None}:
            return Durability.UNKNOWN
        return Durability.FSYNC if appendfsync == "always" else Durability.RELAXED
    if appendonly != "no" or save in {UNKNOWN, None}:
        return Durability.UNKNOWN
    return Durability.RELAXED if save else Durability.VOLATILE
