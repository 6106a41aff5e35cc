"""Finds a saver that keeps references to what it was given instead of copies.

LangGraph's nodes go on with the very objects that were saved, so such a saver changes history.
"""

from __future__ import annotations

from langgraph.checkpoint.base import CheckpointMetadata

from bench.checkpoints import Saver, checkpoint_of, config_of
from bench.verify.differences import Discrepancy

_CHANNEL = "state"
_TASK = "00000000-0000-0000-0000-000000000001"
_PROBLEM = "it keeps references to what it was given: {} changed with the object that was saved"


async def kept_references(saver: Saver, thread_id: str) -> list[Discrepancy]:
    """Save a state and a write in a thread of its own, change both in place, and read them back.

    Of a store that refuses them, as a full one does, nothing is known, and nothing was lost.
    """
    config = config_of(thread_id)
    key = thread_id, ""
    state, written = {"seen": ["first"]}, {"seen": ["first"]}
    version = saver.get_next_version(None, None)
    checkpoint = checkpoint_of({_CHANNEL: state}, {_CHANNEL: version})
    checkpoint_id = checkpoint["id"]
    metadata: CheckpointMetadata = {"source": "input", "step": -1, "parents": {}}
    try:
        stored = await saver.aput(config, checkpoint, metadata, {_CHANNEL: version})
        await saver.aput_writes(stored, [(_CHANNEL, written)], _TASK)
    except Exception:  # noqa: BLE001 - whatever a saver refuses with, it acknowledged nothing
        return []
    for changed in (state, written):
        changed["seen"].append("second")
    checkpoint["channel_values"][_CHANNEL] = "another"
    found = await saver.aget_tuple(config)
    if found is None:
        return [Discrepancy("lost", key, checkpoint_id, "acknowledged, but not found")]
    given = {"seen": ["first"]}
    writes = [value for _, channel, value in found.pending_writes or () if channel == _CHANNEL]
    seen = {
        "the checkpoint": found.checkpoint["channel_values"].get(_CHANNEL) != given,
        "a pending write": any(value != given for value in writes),
    }
    return [
        Discrepancy("corrupted", key, f"{checkpoint_id} ({what})", _PROBLEM.format(what))
        for what, kept in seen.items()
        if kept
    ][:1]
