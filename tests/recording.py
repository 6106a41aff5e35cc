"""Makes the sample of recorded conversations: ``python -m tests.recording`` writes it again."""

from __future__ import annotations

import json
import random
from typing import Any

from bench.payloads._text import WordSource
from bench.scenario.recording import SAMPLE

_SEED, _CONVERSATIONS, _BEGIN_S = 20, 12, 1_700_000_000.0


def sample_lines() -> str:
    """Return conversations of one to six turns; in every other turn one or two tools answer."""
    source = random.Random(_SEED)  # noqa: S311 - a load, no secret
    words = WordSource(source, reach=100_000)
    return "".join(
        json.dumps({"messages": _conversation(number, source, words)}) + "\n"
        for number in range(_CONVERSATIONS)
    )


def _conversation(number: int, source: random.Random, words: WordSource) -> list[dict[str, Any]]:
    now_s = _BEGIN_S + source.uniform(0.0, 120.0)
    said: list[dict[str, Any]] = [
        {"role": "system", "content": words.take(300), "timestamp": round(now_s, 3)}
    ]
    for turn in range(source.randint(1, 6)):
        question = {"role": "user", "content": words.take(source.randint(20, 200))}
        said.append({**question, "timestamp": round(now_s, 3)})
        calls = [f"call-{number}-{turn}-{call}" for call in range(source.randint(1, 2))]
        if turn % 2:
            asked = [
                {
                    "id": call,
                    "type": "function",
                    "function": {"name": "look_up", "arguments": json.dumps({"topic": turn})},
                }
                for call in calls
            ]
            said.append({"role": "assistant", "content": None, "tool_calls": asked})
            said += [
                {
                    "role": "tool",
                    "content": words.take(source.randint(200, 2000)),
                    "tool_call_id": call,
                }
                for call in calls
            ]
        said.append({"role": "assistant", "content": words.take(source.randint(50, 800))})
        now_s += source.expovariate(1.0 / 15.0)
    return said


if __name__ == "__main__":
    SAMPLE.write_text(sample_lines(), encoding="utf-8")
