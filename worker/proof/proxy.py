"""A TCP proxy in front of Redis that can cut, delay, silence and forget connections."""

import asyncio
import contextlib
import socket
import struct
import threading

import environment


class Proxy:
    """Runs in a thread of its own. What it does to the traffic is what `mode` says at that moment."""

    MODES = ("pass", "delay", "hole", "refuse")

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.port = environment.free_port()
        self.mode = "pass"
        self.delay = 0.2
        self.connections: set[asyncio.StreamWriter] = set()
        self.silent: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._serve, args=(ready,), daemon=True).start()
        ready.wait(5)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """Every connection ends with a reset, as when a host goes away."""
        self.loop.call_soon_threadsafe(self._cut)

    def forget(self) -> None:
        """Every connection that is open now stays open and says nothing ever again; new ones work."""
        self.loop.call_soon_threadsafe(lambda: self.silent.update(self.connections))

    def _serve(self, ready: threading.Event) -> None:
        async def main() -> None:
            server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            ready.set()
            await server.serve_forever()

        self.loop.run_until_complete(main())

    def _cut(self) -> None:
        for writer in list(self.connections):
            reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "refuse":
            return reset(writer)
        self.connections.add(writer)
        try:
            while self.mode == "hole":
                await asyncio.sleep(0.05)
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
            both = [self._carry(reader, up_writer, writer), self._carry(up_reader, writer, writer)]
            _, waiting = await asyncio.wait(map(asyncio.ensure_future, both), return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            up_writer.close()
        except OSError:
            pass
        finally:
            self.connections.discard(writer)
            self.silent.discard(writer)
            reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, of: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.mode == "delay":
                    await asyncio.sleep(self.delay)
                while self.mode == "hole" or of in self.silent:
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
