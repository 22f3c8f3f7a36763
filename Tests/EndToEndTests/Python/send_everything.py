# SPDX-License-Identifier: Apache-2.0
"""Sends one trace and its logs with the OpenTelemetry SDK for Python, using everything the SDK can say: every
attribute type, events, links, kinds, statuses. Prints, as JSON, what a faithful collector must answer.

usage: send_everything.py ENDPOINT [grpc] [gzip]
"""
import json
import sys
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState, set_span_in_context

endpoint = sys.argv[1].rstrip("/")
if "grpc" in sys.argv[2:]:
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    traces_endpoint = logs_endpoint = endpoint
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    traces_endpoint, logs_endpoint = f"{endpoint}/v1/traces", f"{endpoint}/v1/logs"
compression = Compression.Gzip if "gzip" in sys.argv[2:] else Compression.NoCompression

resource = Resource({"service.name": "python-shop", "service.version": "1.0", "host.cpus": 2, "canary": True, "zones": ["a", "b"]})
tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(traces_endpoint, compression=compression)))
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(logs_endpoint, compression=compression)))
tracer = tracers.get_tracer("everything", "2.1", attributes={"scope.kind": "test"})
logger = loggers.get_logger("everything.logs", "2.2")

ATTRIBUTES = {
    "string": "line\nbreak \"quoted\" \U0001F600 päyment",
    "empty": "",
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -42,
    "big": 2**53 + 1,
    "max": 2**63 - 1,
    "min": -(2**63),
    "double": 1.5,
    "whole": 8.0,
    "strings": ["a", "", "ü"],
    "integers": [1, 2, -3],
    "doubles": [0.5, 8.0],
    "booleans": [True, False],
    "none": [],
}


def shown(value):
    """The value as Sonde's JSON shows it: integers beyond 2^53 - 1 are strings, so that no reader rounds them."""
    if isinstance(value, (list, tuple)):
        return [shown(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53 - 1:
        return str(value)
    return value


def shown_all(attributes):
    return {key: shown(value) for key, value in attributes.items()}


expected = []
base = time.time_ns()


def span(name, parent, kind, offset_ms, duration_ms, attributes=None, status=None, events=(), links=()):
    """Makes and ends a span at exact times, and notes what must come back."""
    start = base + offset_ms * 1_000_000 + 123
    end = start + duration_ms * 1_000_000 + 456
    context = set_span_in_context(parent) if parent else None
    made = tracer.start_span(name, context=context, kind=kind, start_time=start, attributes=attributes or {}, links=list(links))
    for event_name, event_attributes, at in events:
        made.add_event(event_name, event_attributes, timestamp=start + at)
    if status:
        made.set_status(status)
    made.end(end_time=end)
    ids = made.get_span_context()
    want = {
        "spanId": f"{ids.span_id:016x}",
        "service": "python-shop",
        "operation": name,
        "kind": kind.name.lower(),
        "startNanos": start,
        "durationNanos": end - start,
        "status": {"code": "unset", "message": ""},
        "attributes": shown_all(attributes or {}),
        "events": [{"name": n, "attributes": shown_all(a), "offsetNanos": at} for n, a, at in events],
        "links": [
            {"traceRef": f"{l.context.trace_id:032x}", "spanRef": f"{l.context.span_id:016x}", "attributes": shown_all(l.attributes or {})}
            for l in links
        ],
    }
    if parent:
        want["parentSpanId"] = f"{parent.get_span_context().span_id:016x}"
    if status:
        want["status"] = {"code": status.status_code.name.lower(), "message": status.description or ""}
    expected.append(want)
    return made


elsewhere = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1), TraceState([("vendor", "x")]))
root = span("POST /checkout", None, SpanKind.SERVER, 0, 120, ATTRIBUTES, Status(StatusCode.OK))
span("internal work", root, SpanKind.INTERNAL, 1, 5)
client = span("POST", root, SpanKind.CLIENT, 10, 80, {"peer": "payments"}, links=[Link(elsewhere, {"why": "retry", "n": 2})])
span("publish", client, SpanKind.PRODUCER, 12, 3, events=[("queued", {"size": 3, "topics": ["a", "b"]}, 1000), ("sent", {}, 2_000_000)])
span("receive", client, SpanKind.CONSUMER, 20, 40, {"only": "one"}, Status(StatusCode.ERROR, "card declined: \"insufficient\""))

logs = []


def log(body, number, offset_ms, holder=None, attributes=None):
    at = base + offset_ms * 1_000_000 + 77
    context = holder.get_span_context() if holder else None
    logger.emit(
        LogRecord(
            timestamp=at,
            observed_timestamp=at + 1,
            context=set_span_in_context(holder) if holder else None,
            severity_number=number,
            severity_text=number.name,
            body=body,
            attributes=attributes or {},
        )
    )
    want = {
        "timeNanos": at,
        "service": "python-shop",
        "severityNumber": number.value,
        "severityText": number.name,
        "body": body,
        "attributes": shown_all(attributes or {}),
    }
    if context:
        want["traceId"] = f"{context.trace_id:032x}"
        want["spanId"] = f"{context.span_id:016x}"
    logs.append(want)


log("order received", SeverityNumber.INFO, 2, root, ATTRIBUTES)
log("payment declined", SeverityNumber.ERROR, 30, client, {"code": 51})
log({"nested": {"list": [1, "two", True]}, "text": "structured"}, SeverityNumber.WARN, 31, client)
log("outside of any trace", SeverityNumber.DEBUG, 40)

ok = tracers.force_flush() and loggers.force_flush()
tracers.shutdown()
loggers.shutdown()
print(json.dumps({"flushed": bool(ok), "traceId": f"{root.get_span_context().trace_id:032x}", "spans": expected, "logs": logs}))
