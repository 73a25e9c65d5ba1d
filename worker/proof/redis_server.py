"""A Redis of our own, which can die and come back with what it had."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import environment


class RedisServer:
    def __init__(self, *, appendonly: bool = False, port: int | None = None) -> None:
        self.port = port or environment.free_port()
        self.place = Path(tempfile.mkdtemp(prefix="proof-redis-"))
        self.appendonly = appendonly
        self.process: subprocess.Popen | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [environment.redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.place)]
        command += ["--save", "", "--appendonly", "yes" if self.appendonly else "no", "--appendfsync", "always"]
        command += ["--enable-debug-command", "yes", "--logfile", str(self.place / "redis.log")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.await_answer()

    def await_answer(self, patience: float = 30) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(64).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"redis-server does not answer; see {self.place / 'redis.log'}")

    def kill(self) -> None:
        """Takes it away without a word; only what is in the append-only file is there afterwards."""
        self._end(signal.SIGKILL)

    def _end(self, with_signal: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(with_signal)
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self._end(signal.SIGTERM)
        shutil.rmtree(self.place, ignore_errors=True)

    def __enter__(self) -> "RedisServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
