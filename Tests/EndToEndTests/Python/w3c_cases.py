# SPDX-License-Identifier: Apache-2.0
"""Drives a service that answers POST /test as W3C's validation does, and looks at the headers of the calls it makes.

usage: w3c_cases.py SERVICE_URL

For each case it sends headers to the service, which calls back here, and checks what was handed on:
https://www.w3.org/TR/trace-context-2/ and https://www.w3.org/TR/baggage/. Exit status 0 and "N of N cases" if all hold.
"""
import http.client
import http.server
import json
import re
import sys
import threading
import urllib.parse

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"
received = []


class CallBack(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        received.append(self.headers)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CallBack)
threading.Thread(target=listener.serve_forever, daemon=True).start()
service = urllib.parse.urlparse(sys.argv[1])


def call(headers, times=1):
    """Sends the headers, a list of pairs, to the service; returns the headers of the calls it made."""
    received.clear()
    url = f"http://127.0.0.1:{listener.server_port}/callback"
    body = json.dumps([{"url": url, "arguments": []}] * times)
    connection = http.client.HTTPConnection(service.hostname, service.port, timeout=20)
    connection.putrequest("POST", "/test")
    for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body)))] + headers:
        connection.putheader(name, value)
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, f"the service answered {answer.status}"
    assert len(received) == times, f"{len(received)} calls came, expected {times}"
    return list(received)


def parts(headers):
    values = headers.get_all("traceparent") or []
    assert len(values) == 1, f"{len(values)} traceparent headers"
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", values[0])
    assert match, f"malformed traceparent {values[0]}"
    trace, parent, flags = match.groups()
    assert trace != "0" * 32 and parent != "0" * 16, f"zero id in {values[0]}"
    return trace, parent, int(flags, 16)


def continues(*headers):
    """The call belongs to the incoming trace, below a span of the service's own."""
    made = call(list(headers))[0]
    trace, parent, _ = parts(made)
    assert trace == TRACE, f"trace id {trace} is not the incoming one"
    assert parent != PARENT, "the parent id was not replaced"
    return made


def restarts(*headers):
    """The incoming context is not to be trusted: a new trace begins, and its tracestate is not handed on."""
    made = call(list(headers))[0]
    trace, _, _ = parts(made)
    assert trace != TRACE, "the trace was continued"
    assert "tracestate" not in made, f"tracestate {made['tracestate']} survived"
    return made


def states(made):
    return [m.strip() for m in ",".join(made.get_all("tracestate") or []).split(",") if m.strip()]


def check(condition, what):
    assert condition, what


def no_context():
    parts(call([])[0])


def several_calls_share_the_trace_and_not_the_parent():
    made = [parts(h) for h in call([("traceparent", GOOD)], times=3)]
    check({m[0] for m in made} == {TRACE}, "another trace")
    check(len({m[1] for m in made}) == 3, "calls share a span id")


def unsampled_stays_unsampled_and_goes_on():
    made = continues(("traceparent", GOOD[:-2] + "00"), ("baggage", "tenant=blue"))
    check(parts(made)[2] & 1 == 0, "the sampled flag was set")
    check(made["baggage"] == "tenant=blue", f"baggage is {made['baggage']}")


def random_flag_is_kept():
    check(parts(continues(("traceparent", GOOD[:-2] + "03")))[2] & 2 == 2, "the random flag was lost")


def unknown_flags_are_not_handed_on():
    check(parts(continues(("traceparent", GOOD[:-2] + "ff")))[2] & ~3 == 0, "unknown flags were handed on")


def tracestate_is_handed_on_in_order():
    made = continues(("traceparent", GOOD), ("tracestate", "foo=1,bar=2"), ("tracestate", "tenant@vendor=3 4"))
    check(states(made) == ["foo=1", "bar=2", "tenant@vendor=3 4"], f"tracestate is {states(made)}")


def malformed_tracestate_costs_only_itself():
    made = continues(("traceparent", GOOD), ("tracestate", "foo=1,BAR=2"))
    check(states(made) == [], f"tracestate is {states(made)}")


def too_many_tracestate_members_are_not_handed_on():
    made = continues(("traceparent", GOOD), ("tracestate", ",".join(f"k{i}=1" for i in range(33))))
    check(states(made) == [], f"{len(states(made))} members survived")


def tracestate_without_traceparent_is_dropped():
    made = call([("tracestate", "foo=1")])[0]
    check("tracestate" not in made, "tracestate survived")


def baggage_is_handed_on():
    made = continues(("traceparent", GOOD), ("baggage", "user=ada%20l,plan=pro;since=2020"), ("baggage", "b=2"))
    members = {m.strip() for m in made["baggage"].split(",")}
    check(members == {"user=ada%20l", "plan=pro;since=2020", "b=2"}, f"baggage is {made['baggage']}")


def baggage_travels_without_a_trace():
    check(call([("baggage", "a=1")])[0]["baggage"] == "a=1", "baggage was lost")


CASES = {
    "a request without context begins a trace": no_context,
    "a valid traceparent is continued": lambda: continues(("traceparent", GOOD)),
    "the name of the header is not case-sensitive": lambda: continues(("TraceParent", GOOD)),
    "several calls share the trace and not the parent": several_calls_share_the_trace_and_not_the_parent,
    "a later version is read as far as it is known": lambda: continues(("traceparent", f"cc-{TRACE}-{PARENT}-01-what-the-future-brings")),
    "a later version of the known length is read": lambda: continues(("traceparent", f"cc-{TRACE}-{PARENT}-01")),
    "a later version with something else behind is refused": lambda: restarts(("traceparent", f"cc-{TRACE}-{PARENT}-01.x")),
    "version ff is refused": lambda: restarts(("traceparent", f"ff-{TRACE}-{PARENT}-01")),
    "version 00 with more behind is refused": lambda: restarts(("traceparent", GOOD + "-x")),
    "upper case is refused": lambda: restarts(("traceparent", GOOD.upper())),
    "a trace id of zeros is refused": lambda: restarts(("traceparent", f"00-{'0' * 32}-{PARENT}-01"), ("tracestate", "a=1")),
    "a parent id of zeros is refused": lambda: restarts(("traceparent", f"00-{TRACE}-{'0' * 16}-01"), ("tracestate", "a=1")),
    "a short trace id is refused": lambda: restarts(("traceparent", f"00-{TRACE[:-1]}-{PARENT}-01")),
    "a long parent id is refused": lambda: restarts(("traceparent", f"00-{TRACE}-{PARENT}0-01")),
    "digits that are not hex are refused": lambda: restarts(("traceparent", f"00-{TRACE[:-1]}g-{PARENT}-01")),
    "flags of one digit are refused": lambda: restarts(("traceparent", f"00-{TRACE}-{PARENT}-1")),
    "two traceparents are refused": lambda: restarts(("traceparent", GOOD), ("traceparent", GOOD)),
    "what is unsampled stays so, and goes on with its baggage": unsampled_stays_unsampled_and_goes_on,
    "the random flag is kept": random_flag_is_kept,
    "unknown flags are not handed on": unknown_flags_are_not_handed_on,
    "tracestate is handed on, several headers as one, in order": tracestate_is_handed_on_in_order,
    "a malformed tracestate costs only itself": malformed_tracestate_costs_only_itself,
    "33 members of tracestate are not handed on": too_many_tracestate_members_are_not_handed_on,
    "tracestate without traceparent is dropped": tracestate_without_traceparent_is_dropped,
    "baggage is handed on, encoded, with properties": baggage_is_handed_on,
    "baggage travels without a trace": baggage_travels_without_a_trace,
}

held = 0
for name, case in CASES.items():
    try:
        case()
        held += 1
    except AssertionError as broken:
        print(f"{name}: {broken}")
print(f"{held} of {len(CASES)} cases")
sys.exit(0 if held == len(CASES) else 1)
