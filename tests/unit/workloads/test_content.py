from __future__ import annotations

from bench.workloads._content import content_hash


def test_the_order_of_channels_does_not_count() -> None:
    assert content_hash([("a", b"1"), ("b", b"2")]) == content_hash([("b", b"2"), ("a", b"1")])


def test_names_and_content_do_not_run_together() -> None:
    hashes = {
        content_hash(channels)
        for channels in ([("a", b"bc")], [("ab", b"c")], [("a", b"b"), ("c", b"")], [], [("", b"")])
    }
    assert len(hashes) == 5
