# SPDX-License-Identifier: Apache-2.0
"""Exports spans and logs with the OpenTelemetry SDK for Python as it comes, while something is amiss, and says how the
SDK took it. Every line of output is an object of JSON; the last one says what was exported. PROTOCOL is grpc or http.

usage: export_again.py PROTOCOL URL twice                     the same spans, exported twice
       export_again.py PROTOCOL URL memory HTTP_PORT QUERY_URL BYTES... bodies of these sizes are held until the SDK is told to wait
       export_again.py PROTOCOL URL locked DATABASE           the store's file is locked until the SDK is told to wait
       export_again.py PROTOCOL URL outage                    exports on and on, until some succeeded after a failure
"""
import json
import logging
import socket
import sqlite3
import sys
import time
import urllib.request

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import set_span_in_context

SPANS_PER_EXPORT = 10
# The SDK gives an export up after ten seconds; a busy machine may need longer to start a collector.
TIMEOUT_SECONDS = 120
protocol, endpoint, story, arguments = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    traces_endpoint = logs_endpoint = endpoint
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    traces_endpoint, logs_endpoint = f"{endpoint}/v1/traces", f"{endpoint}/v1/logs"
resource = Resource({"service.name": "sender"})
spans, logs = InMemorySpanExporter(), InMemoryLogRecordExporter()
tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource=resource)
tracers.add_span_processor(SimpleSpanProcessor(spans))
loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
exporter = OTLPSpanExporter(traces_endpoint, timeout=TIMEOUT_SECONDS)
log_exporter = OTLPLogExporter(logs_endpoint, timeout=TIMEOUT_SECONDS)


def tell(**facts):
    print(json.dumps(facts), flush=True)


class Retries(logging.Handler):
    """Hears what the SDK logs about itself, and lets go of what stands in its way at the first retry."""

    def __init__(self, release):
        super().__init__(logging.WARNING)
        self.release, self.count = release, 0

    def emit(self, record):
        self.count += 1
        tell(sdk=record.getMessage(), level=record.levelname)
        self.release()


def listen(release):
    retries = Retries(release)
    logging.getLogger("opentelemetry").addHandler(retries)
    return retries


root = tracers.get_tracer("stories").start_span("root")


def make_spans():
    """Spans of one trace, so that one question finds them all."""
    for n in range(SPANS_PER_EXPORT):
        tracers.get_tracer("stories").start_span(f"step {n}", context=set_span_in_context(root)).end()
    made = spans.get_finished_spans()
    spans.clear()
    return made


def make_logs():
    loggers.get_logger("stories").emit(LogRecord(severity_number=SeverityNumber.INFO, body="written once"))
    made = logs.get_finished_logs()
    logs.clear()
    return made


def finish(total):
    tell(total=total, trace=f"{root.get_span_context().trace_id:032x}")


def export_both():
    tell(spans=exporter.export(make_spans()).name, logs=log_exporter.export(make_logs()).name)
    finish(SPANS_PER_EXPORT)


def twice():
    made = make_spans()
    tell(first=exporter.export(made).name, second=exporter.export(made).name)
    finish(len(made))


def wait_for_bytes(query, wanted):
    """Waits until the collector holds this many bytes of bodies."""
    while True:
        metrics = urllib.request.urlopen(query + "/metrics", timeout=30).read().decode()
        lines = [line.split()[1] for line in metrics.splitlines() if line.startswith("sonde_ingest_in_flight_bytes ")]
        if lines and float(lines[0]) >= wanted:
            return
        time.sleep(0.05)


def memory(port, query, sizes):
    """A body takes room as it arrives: all of it but the last byte is sent, and the collector has read it."""
    held = []
    for size in sizes:
        connection = socket.create_connection(("127.0.0.1", port))
        head = f"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: {size}\r\n"
        connection.sendall((head + "Expect: 100-continue\r\n\r\n").encode())
        # The answer says that the head has been read.
        tell(held=size, answer=connection.recv(4096).decode("latin-1").splitlines()[0])
        connection.sendall(bytes(size - 1))
        held.append(connection)
    wait_for_bytes(query, sum(sizes))

    def release():
        while held:
            held.pop().close()

    listen(release)
    export_both()


def locked(path):
    lock = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")

    def release():
        if lock.in_transaction:
            lock.execute("ROLLBACK")

    listen(release)
    export_both()


def outage():
    retries = listen(lambda: None)
    total = after = 0
    while after < 3:
        result = exporter.export(make_spans()).name
        total += SPANS_PER_EXPORT
        after += retries.count > 0
        tell(spans=result)
    finish(total)


match story:
    case "twice": twice()
    case "memory": memory(int(arguments[0]), arguments[1], [int(size) for size in arguments[2:]])
    case "locked": locked(arguments[0])
    case "outage": outage()
