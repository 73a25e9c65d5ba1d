"""A small HTTP server that says how the worker is."""

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logger = logging.getLogger(__name__)

HEALTH_PORT = 8082

_started_at = time.monotonic()
_state = {"redis_connected": False}


def set_redis_connected(connected: bool) -> None:
    _state["redis_connected"] = connected


def collect_health() -> dict:
    status = "healthy" if _state["redis_connected"] else "degraded"
    return {"status": status, "uptime_seconds": round(time.monotonic() - _started_at), **_state}


class HealthHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/health":
            self.send_error(404)
            return
        body = json.dumps(collect_health()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Probes are not worth a log line each."""


def start_health_server(port: int = HEALTH_PORT) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("0.0.0.0", port), HealthHandler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    logger.info("health server listens on port %d", port)
    return server
