# SPDX-License-Identifier: Apache-2.0
# Reads what `sonde export` wrote with the protobuf library that everybody else uses: the JSON must be the JSON of the
# protobuf, name by name. Writes the same traces with that library's own JSON printer, for `sonde import` to read.
#
#   read_exports.py TRACES.pb TRACES.json TRACES.jsonl OUT.json

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

IDS = ("traceId", "spanId", "parentSpanId")


def convert(value, change):
    """OTLP writes ids in hex where protobuf's JSON has base64."""
    if isinstance(value, dict):
        return {k: change(v) if k in IDS else convert(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [convert(v, change) for v in value]
    return value


def to_base64(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def to_hex(text):
    return base64.b64decode(text).hex()


def parse(text):
    message = TracesData()
    # Unknown names are errors here.
    json_format.ParseDict(convert(json.loads(text), to_base64), message)
    for span in (s for r in message.resource_spans for c in r.scope_spans for s in c.spans):
        # As the Collector does, the JSON has a status for every span, an empty one too.
        if span.status.ByteSize() == 0:
            span.ClearField("status")
    return message


def spans(message):
    """Every span with its resource and scope, however they are grouped."""
    return sorted(
        (s.SerializeToString(deterministic=True), r.resource.SerializeToString(deterministic=True), r.schema_url,
         c.scope.SerializeToString(deterministic=True), c.schema_url)
        for r in message.resource_spans for c in r.scope_spans for s in c.spans
    )


protobuf = TracesData.FromString(open(sys.argv[1], "rb").read())
whole = parse(open(sys.argv[2], encoding="utf-8").read())
lines = TracesData()
for line in open(sys.argv[3], encoding="utf-8"):
    lines.MergeFrom(parse(line))

assert len(spans(protobuf)) > 0, "no spans"
assert spans(whole) == spans(protobuf), "the JSON is not the JSON of the protobuf"
assert spans(lines) == spans(protobuf), "the lines are not the JSON of the protobuf"

document = json_format.MessageToDict(protobuf, use_integers_for_enums=True)
json.dump(convert(document, to_hex), open(sys.argv[4], "w", encoding="utf-8"), indent=1, ensure_ascii=False)
print(f"same: {len(spans(protobuf))} spans")
