"""Whether a saver is told that its store is full, and can still be read then."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bench.checkpoints import config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.workloads._shapes.checkpoint import put_step

# Redis's reply begins with "OOM command not allowed"; redis-py takes the first word, its code, off
# the text, and has a class for it.
_CODE_CLASS, _REFUSAL = "OutOfMemoryError", "command not allowed"


class FillStoreOptions(PluginOptions):
    """Each client's first cycle puts at most ``puts`` checkpoints."""

    puts: int = Field(default=100, ge=1, le=1_000_000)


class FillStoreWorkload(Workload):
    """Each client puts until it is refused, in its first cycle; then a cycle puts once, and reads.

    Marks ``refused_oom`` where Redis answered the last put with ``OOM command not allowed``,
    ``accepted`` where it was acknowledged, and ``read`` where the client's last acknowledged
    checkpoint was read. Any other failure is the cycle's.
    """

    Options: ClassVar[type[PluginOptions]] = FillStoreOptions
    options: FillStoreOptions
    marks = ("refused_oom", "accepted", "read")

    def begin(self) -> None:
        self._latest = [config_of(self.thread_id(client, 0)) for client in range(self.clients)]
        self._steps = [0] * self.clients

    async def cycle(self, client: Client) -> None:
        is_first = self._steps[client.index] == 0
        is_accepted = True
        for _ in range(self.options.puts if is_first else 1):
            is_accepted = is_accepted and await self._is_accepted(client)
        client.mark("accepted" if is_accepted else "refused_oom")
        latest = self._latest[client.index]
        found = await client.perform(client.saver().aget_tuple, latest)
        if found is not None and found.config["configurable"] == latest["configurable"]:
            client.mark("read")

    async def _is_accepted(self, client: Client) -> bool:
        """Put one more checkpoint; return whether it was acknowledged.

        Raises:
            Exception: it failed for another reason than that memory is full.
        """
        step, parent = self._steps[client.index], self._latest[client.index]
        try:
            state = self.payload.state(client.index, step)
            put = await put_step(client, parent, step, state, step + 1)
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            return False
        self._latest[client.index], self._steps[client.index] = put, step + 1
        return True


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether ``error``, or what led to it, is the server's word that memory is full."""
    while error is not None:
        if type(error).__name__ == _CODE_CLASS and _REFUSAL in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
