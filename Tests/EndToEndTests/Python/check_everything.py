# SPDX-License-Identifier: Apache-2.0
"""Asks a collector's API for what send_everything.py sent, and names every difference.

usage: check_everything.py API_URL < what send_everything.py printed

Exit status 0 and the line "exact: N spans, N logs" if all is as it was sent.
"""
import datetime
import json
import sys
import urllib.parse
import urllib.request

api = sys.argv[1].rstrip("/")
sent = json.load(sys.stdin)
differences = []


def get(path, **parameters):
    url = f"{api}/sonde/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def nanoseconds(text):
    """RFC 3339 with nine fraction digits to an integer, without a float in between."""
    seconds, fraction = text.removesuffix("Z").split(".")
    assert len(fraction) == 9, f"{text} has not nine fraction digits"
    moment = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 1_000_000_000 + int(fraction)


def same(got, want):
    """Equal in value and in JSON type: 8 is not 8.0, true is not 1."""
    if type(got) is not type(want):
        return False
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[k], want[k]) for k in want)
    if isinstance(want, list):
        return len(got) == len(want) and all(same(g, w) for g, w in zip(got, want))
    return got == want


def compare(where, got, want):
    if not same(got, want):
        differences.append(f"{where}: got {json.dumps(got)}, want {json.dumps(want)}")


def walk(nodes):
    for node in nodes:
        yield node
        yield from walk(node.get("children", []))


tree = get(f"traces/{sent['traceId']}")
spans = {span["spanId"]: span for span in walk(tree["roots"])}
compare("trace id", tree["trace"]["id"], sent["traceId"])
compare("complete", tree["trace"]["complete"], True)
compare("span total", tree["trace"]["spanTotal"], len(sent["spans"]))
compare("span ids", sorted(spans), sorted(s["spanId"] for s in sent["spans"]))
for want in sent["spans"]:
    got = spans.get(want["spanId"])
    if got is None:
        continue
    name = want["operation"]
    for key in ("service", "operation", "kind", "durationNanos", "status"):
        compare(f"{name} {key}", got.get(key), want[key])
    compare(f"{name} parent", got.get("parentSpanId"), want.get("parentSpanId"))
    compare(f"{name} start", nanoseconds(got["start"]), want["startNanos"])
    compare(f"{name} attributes", got.get("attributes", {}), want["attributes"])
    events = [{k: e.get(k, {} if k == "attributes" else None) for k in ("name", "attributes", "offsetNanos")} for e in got.get("events", [])]
    compare(f"{name} events", events, want["events"])
    links = [{k: l.get(k, {} if k == "attributes" else None) for k in ("traceRef", "spanRef", "attributes")} for l in got.get("links", [])]
    compare(f"{name} links", links, want["links"])
    for key, value in {"service.version": "1.0", "host.cpus": 2, "canary": True, "zones": ["a", "b"]}.items():
        compare(f"{name} resource {key}", got["resource"].get(key), value)
    compare(f"{name} scope", {k: got["scope"].get(k) for k in ("name", "version")}, {"name": "everything", "version": "2.1"})

stored = get("logs", service="python-shop", limit=100)["logs"]
compare("number of logs", len(stored), len(sent["logs"]))
by_time = {nanoseconds(record["time"]): record for record in stored}
for want in sent["logs"]:
    got = by_time.get(want["timeNanos"])
    if got is None:
        differences.append(f"log {want['body']!r}: missing")
        continue
    for key in ("service", "severityNumber", "severityText", "body"):
        compare(f"log {want['body']!r} {key}", got.get(key), want[key])
    compare(f"log {want['body']!r} attributes", got.get("attributes", {}), want["attributes"])
    for key in ("traceId", "spanId"):
        compare(f"log {want['body']!r} {key}", got.get(key), want.get(key))

if differences:
    print("\n".join(differences))
    sys.exit(1)
print(f"exact: {len(sent['spans'])} spans, {len(sent['logs'])} logs")
