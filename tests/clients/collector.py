"""An OpenTelemetry collector made from the published protobufs: it takes OTLP over HTTP, and nothing that it does not know."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

DEADLINE_SECONDS = 60


class Collector:
    """A server on loopback. `faults` is everything in what came that is not as it must be."""

    def __init__(self, headers=None, tls=None):
        self.headers = headers or {}
        self.bodies, self.faults, self.spans = [], [], []
        self.connections = 0
        # The status of each answer to come; then 200.
        self.statuses = []
        self.location = None
        self.rejects = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.waiting = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def forget(self):
        """Forgets what has come."""
        with self._lock:
            self.bodies, self.spans = [], []

    def traces(self):
        """The spans by their trace."""
        traces = {}
        with self._lock:
            for span in self.spans:
                traces.setdefault(span.trace_id.hex(), []).append(span)
        return traces

    def wait_for(self, count, name):
        """Traces whose first span has this name, in the order of their time, once there are so many."""
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            found = [spans for spans in self.traces().values() if root(spans).name == name]
            if len(found) >= count:
                return sorted(found, key=lambda spans: root(spans).start_time_unix_nano)
            if time.monotonic() > end:
                raise AssertionError(f"{len(found)} traces, where {count} were wanted")
            time.sleep(0.05)

    def _take(self, handler):
        """The status of the answer, and its body."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        wanted = {"Content-Type": "application/x-protobuf"} | self.headers
        faults = [f"{name} is another" for name, value in wanted.items() if handler.headers.get_all(name) != [value]]
        if (handler.command, handler.path) != ("POST", "/v1/traces"):
            faults.append(f"{handler.command} {handler.path}")
        request = ExportTraceServiceRequest()
        try:
            request.ParseFromString(body)
            faults += unknown(request) + malformed(request)
        except DecodeError as fault:
            faults.append(f"not the message: {fault}")
        with self._lock:
            self.waiting += 1
            self.faults += faults
            self.bodies.append(body)
            status = 400 if faults else self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                self.spans += spans_of(request)
        self.may_answer.wait()
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = self.rejects
        return status, answer.SerializeToString()

    def _handler(collector):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                collector.connections += 1
                super().setup()

            def answer(self):
                status, body = collector._take(self)
                self.send_response(status)
                if collector.location and 300 <= status < 400:
                    self.send_header("Location", collector.location)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    pass  # who has waited for too long is gone

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        return Handler


def spans_of(request):
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def root(spans):
    tops = [span for span in spans if not span.parent_span_id]
    if len(tops) != 1:
        raise AssertionError(f"{len(tops)} spans without a parent")
    return tops[0]


def attributes(thing):
    """What a span or resource says."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in thing.attributes}


def children(spans, parent):
    """The spans below one, in the order in which they began."""
    below = [span for span in spans if span.parent_span_id == parent.span_id]
    return sorted(below, key=lambda span: (span.start_time_unix_nano, spans.index(span)))


def unknown(message):
    """Fields that the published messages do not have."""
    faults = [f"{message.DESCRIPTOR.name}: field {field.field_number}" for field in UnknownFieldSet(message)]
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if not hasattr(value, "DESCRIPTOR") else [value]:
                faults += unknown(part)
    return faults


def malformed(request):
    """What the comments of the published messages demand of spans."""
    faults = []
    by_trace = {}
    for span in spans_of(request):
        by_trace.setdefault(span.trace_id, set()).add(span.span_id)
        if len(span.trace_id) != 16 or len(span.span_id) != 8 or not any(span.trace_id) or not any(span.span_id):
            faults.append(f"{span.name}: its ids")
        if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
            faults.append(f"{span.name}: its times")
        if len({one.key for one in span.attributes}) != len(span.attributes):
            faults.append(f"{span.name}: an attribute stands twice")
        if not span.name or span.kind == 0:
            faults.append(f"{span.name}: its name or kind")
    for span in spans_of(request):
        if span.parent_span_id and span.parent_span_id not in by_trace[span.trace_id]:
            faults.append(f"{span.name}: its parent is not in the same request")
    return faults
