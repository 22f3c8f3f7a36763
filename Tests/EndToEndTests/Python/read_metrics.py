# SPDX-License-Identifier: Apache-2.0
"""Reads the body of an OTLP metrics request with OpenTelemetry's own generated code and prints it as JSON."""

import json
import sys

from google.protobuf import unknown_fields
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE


def unknown(message):
    """Fields that the generated code does not know, below this message too."""
    count = len(unknown_fields.UnknownFieldSet(message))
    for descriptor, value in message.ListFields():
        if descriptor.type == descriptor.TYPE_MESSAGE:
            values = [value] if hasattr(value, "ListFields") else value
            count += sum(unknown(each) for each in values)
    return count


def texts(attributes):
    return {each.key: each.value.string_value for each in attributes}


def point(each, kind):
    shown = {"attributes": texts(each.attributes), "start": each.start_time_unix_nano, "time": each.time_unix_nano,
             "bounds": [], "counts": []}
    if kind in ("sum", "gauge"):
        shown["value"] = getattr(each, each.WhichOneof("value"))
        return shown
    shown |= {"count": each.count, "sum": each.sum}
    if kind == "histogram":
        shown |= {"bounds": list(each.explicit_bounds), "counts": list(each.bucket_counts)}
    else:
        shown |= {"scale": each.scale, "counts": list(each.positive.bucket_counts)}
    return shown


def metric(each):
    kind = each.WhichOneof("data")
    data = getattr(each, kind)
    shown = {"name": each.name, "description": each.description, "unit": each.unit, "kind": kind}
    if kind == "sum":
        shown["isMonotonic"] = data.is_monotonic
    if kind != "gauge":
        shown["isCumulative"] = data.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    shown["points"] = [point(one, kind) for one in data.data_points]
    return shown


request = ExportMetricsServiceRequest()
request.ParseFromString(open(sys.argv[1], "rb").read())
(resource,) = request.resource_metrics
(scope,) = resource.scope_metrics
print(json.dumps({
    "service": texts(resource.resource.attributes)["service.name"], "scope": scope.scope.name,
    "unknownFields": unknown(request), "metrics": [metric(each) for each in scope.metrics],
}))
