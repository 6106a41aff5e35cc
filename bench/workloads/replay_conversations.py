"""Recorded conversations of the user's own service, said again."""

from __future__ import annotations

from typing import ClassVar

from bench.contracts import Client, PluginOptions
from bench.scenario.recording import Recording
from bench.workloads._shapes.replay import replay_shape
from bench.workloads._shapes.shape import Shape
from bench.workloads.run_graph import GraphClient, GraphOptions, GraphThread, RunGraphWorkload


class ReplayConversationsOptions(GraphOptions):
    """``file`` has a conversation a line, see ``bench.scenario.recording``; empty: the sample."""

    file: str = ""


class ReplayConversationsWorkload(RunGraphWorkload):
    """A cycle is a recorded turn: one run of a graph that says again what was said.

    Turns are taken in the order in which they began, or, where not every one has a time, in that of
    the file, each by the client that is free. A conversation that is under way, or whose last turn
    failed, is passed over. After the last one all begin again, on new threads.
    """

    Options: ClassVar[type[PluginOptions]] = ReplayConversationsOptions

    options: ReplayConversationsOptions  # type: ignore[assignment] # of the base, GraphOptions alone

    def begin(self) -> None:
        self._recording = Recording.read(self.options.file)
        self._ahead: list[GraphThread] = []
        self._begun = 0
        super().begin()

    @classmethod
    def check(cls, options: PluginOptions) -> None:
        if isinstance(options, ReplayConversationsOptions):
            Recording.read(options.file)

    @property
    def cycles_per_visit(self) -> int:
        return 1

    def shape(self) -> Shape:
        return replay_shape(self._recording)

    async def prepare(self, client: Client) -> None:
        """Do nothing: a conversation begins with its first turn."""

    def next_thread(self, client: int, state: GraphClient) -> GraphThread:
        del client, state
        while True:
            for place, thread in enumerate(self._ahead):
                if thread.attempted == thread.finished:
                    return self._ahead.pop(place)
            self._begin_again()

    def _begin_again(self) -> None:
        first, count = self._begun, len(self._recording.conversations)
        self._begun += count
        threads = [
            self.fresh(f"{self.namespace}-t{number}", number)
            for number in range(first, self._begun)
        ]
        self._ahead += [threads[number] for number in self._recording.turns]
