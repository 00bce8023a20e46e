"""A collector of OTLP over HTTP that keeps what it is sent, decoded."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)


@dataclass
class Collector:
    """`received`: path and request of each export. `status`: of the answers."""

    status: int = 200
    url: str = ""
    received: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)


def metrics_of(request: Any) -> dict[str, Any]:
    """The metrics of an export by name; there is one resource and one scope."""
    ((scope,),) = (one.scope_metrics for one in request.resource_metrics)
    return {metric.name: metric for metric in scope.metrics}


@contextlib.contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    found = Collector(status)

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.received.put((self.path, ExportMetricsServiceRequest.FromString(body)))
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(ExportMetricsServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
