# SPDX-License-Identifier: Apache-2.0
"""Uses `sonde view` as people do, and as nobody should, and looks at the screen only.

usage: view_life.py SONDE FOLDER
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from person import BACK_TAB, DOWN, ENTER, ESCAPE, LEFT, RIGHT, TAB, UP, PATIENCE, Cases, Person

SONDE, FOLDER = sys.argv[1:3]
cases = Cases()
SCREENS = ("overview", "traces", "graph", "logs")
# What a sender may put into a name, and what a terminal would do if it got it.
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[41mred \x9b31m \u202eevil 漢字 👨‍👩‍👧 e\u0301 שלום مرحبا tab\there"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


QUERY, OTLP = free_port(), free_port()


def view(*arguments, **how):
    environment = {"XDG_CONFIG_HOME": FOLDER, **how.pop("environment", {})}
    return Person([SONDE, "view", "--at", f"http://127.0.0.1:{QUERY}", *arguments], environment=environment, **how)


def serve():
    return subprocess.Popen(
        [SONDE, "serve", "--data", FOLDER + "/data", "--query", f"127.0.0.1:{QUERY}", "--otlp-http", f"127.0.0.1:{OTLP}",
         "--otlp-grpc", "off", "--zipkin", "off"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def send(path, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{OTLP}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200


def send_trace(number):
    """A trace of some spans, the last of which failed; names as bad as they come."""
    now = time.time_ns()
    trace = f"{number:032x}"

    def span(place, parent, name, failed=False):
        return {
            "traceId": trace, "spanId": f"{number * 100 + place:016x}", "name": name, "kind": 2,
            **({"parentSpanId": f"{number * 100 + parent:016x}"} if parent else {}),
            "startTimeUnixNano": str(now - 5_000_000_000 + place * 1_000_000), "status": {"code": 2 if failed else 0},
            "endTimeUnixNano": str(now - 5_000_000_000 + (60 - place) * 1_000_000),
            "attributes": [{"key": "what", "value": {"stringValue": HOSTILE}}],
        }

    spans = [span(1, 0, "GET /first"), span(2, 1, HOSTILE), span(3, 2, "SELECT last", failed=True)]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "front"}}]}
    send("/v1/traces", {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
    record = {"timeUnixNano": str(now - 5_000_000_000), "severityNumber": 17, "traceId": trace,
              "spanId": f"{number * 100 + 2:016x}", "body": {"stringValue": "log " + HOSTILE}}
    send("/v1/logs", {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]})


def leave(person, key, name):
    person.type(key)
    cases.case(f"{name}: leaves with 0", person.end() == 0, f"{person.status}\n{person.text()}")
    cases.case(f"{name}: gives the screen back", person.was_given_back(), person.raw[-200:])
    cases.case(f"{name}: gives the modes back", person.modes_were_given_back())
    person.close()


def opens_without_a_collector():
    global collector
    person = view()
    person.wait("(?i)no collector|cannot reach|not reach|refused")
    cases.case("without a collector it goes on", person.status is None)
    collector = serve()
    person.wait(lambda: not re.search("(?i)no collector|cannot reach|not reach|refused", person.text()), "the collector")
    for number in range(1, 8):
        send_trace(number)
    person.wait("front")
    leave(person, "q", "opened without a collector")


def leaves_from_every_screen():
    for key in ("q", "\x03"):
        for screen in SCREENS:
            person = view(screen)
            person.wait("front")
            leave(person, key, f"{screen}, {key!r}")
    person = view("traces")
    person.wait("GET /first")
    person.type(ENTER)
    person.wait("SELECT last")
    person.type(ESCAPE)
    person.wait(lambda: "SELECT last" not in person.text(), "the list again")
    person.type("?")
    person.quiet(0.3)
    person.type(ESCAPE)
    person.type("/")
    person.quiet(0.3)
    person.type("error")
    person.type(ESCAPE)
    person.quiet(0.3)
    leave(person, "q", "after looking around")


def shows_hostile_text_safely():
    for arguments, keys in ((["traces"], ENTER), (["traces"], ENTER + "x" + ENTER), (["logs"], ENTER), (["graph"], "")):
        person = view(*arguments, columns=120, rows=40)
        person.wait("front")
        for key in keys:
            person.type(key)
            person.quiet(0.5)
        raw = person.raw.decode(errors="replace")
        for payload in ("\x1b]0;", "\x1b[41mred", "\x9b", "\u202e", "\x07"):
            cases.case(f"{arguments} {keys!r}: {payload!r} does not reach the terminal", payload not in raw)
        cases.case(f"{arguments} {keys!r}: nothing cleared the screen", raw.count("\x1b[2J") == 1, raw.count("\x1b[2J"))
        leave(person, "q", f"hostile {arguments} {keys!r}")
    person = view("traces", columns=120, rows=40)
    person.wait("GET /first")
    person.type(ENTER)
    person.wait("␛")
    leave(person, "q", "hostile names are shown")


def is_of_any_size():
    for screen in SCREENS:
        person = view(screen, columns=120, rows=40)
        person.wait("front")
        for columns, rows in ((80, 24), (40, 10), (39, 10), (40, 9), (20, 5), (3, 2), (1, 1), (250, 60), (80, 24)):
            drawn = len(person.raw)
            person.resize(columns, rows)
            person.wait(lambda: len(person.raw) > drawn, f"something at {columns}x{rows}")
            person.quiet(0.1)
            if (columns, rows) in ((39, 10), (40, 9)):
                cases.case(f"{screen} {columns}x{rows}: a sentence", re.search("40", person.text()), person.text())
        person.wait("front")
        leave(person, "q", f"{screen} of any size")


def survives_everything():
    for screen in SCREENS:
        person = view(screen)
        person.wait("front")
        person.quiet(0.5)
        for key in (UP, DOWN, LEFT, RIGHT, "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", TAB, BACK_TAB, "\x7f", "\x0c", "\x1bOP", ESCAPE):
            person.type(key)
            person.quiet(0.1)
        person.type(b"\x1b[200~pasted \xe6\xbc\xa2 \x1b[31m\x1b[201~\xff\xfe\x80\xc3")
        person.quiet(0.2)
        person.type(ESCAPE)
        person.quiet(0.2)
        for _ in range(40):
            person.type(DOWN * 50)
            person.look(0.01)
        for _ in range(3):
            person.type(ESCAPE)
            person.quiet(0.2)
        leave(person, "q", f"{screen}: every key, a paste, a burst")


def ends_by_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        person = view("traces")
        person.wait("GET /first")
        os.kill(person.child, number)
        cases.case(f"{number.name} ends it", person.end() == -number, person.status)
        cases.case(f"{number.name}: gives the screen back", person.was_given_back())
        cases.case(f"{number.name}: gives the modes back", person.modes_were_given_back())
        person.close()


def stops_under_a_shell():
    person = Person(["bash", "--norc", "--noprofile", "-i"], environment={"PS1": "shell> ", "XDG_CONFIG_HOME": FOLDER})
    person.wait("shell>")
    person.type(f"'{SONDE}' view --at http://127.0.0.1:{QUERY} traces\r")
    person.wait("GET /first")
    person.type("\x1a")
    person.wait("Stopped")
    person.type("echo so$((40 + 2))\r")
    person.wait("so42")
    person.type("fg\r")
    person.wait("quit")
    person.wait("GET /first")
    cases.case("comes back after Ctrl-Z", True)
    person.type("q")
    person.wait(lambda: b"shell>" in person.raw[person.raw.rfind(b"\x1b[?1049l"):], "the shell")
    cases.case("leaves to the shell", True)
    person.type("exit\r")
    person.end()
    person.close()


def does_nothing_when_nothing_happens():
    for screen in ("graph", "traces"):
        person = view(screen, "--since", "1h")
        person.wait("front")
        person.quiet(1)
        drawn = person.quiet(3)
        cases.case(f"{screen}: idle is silent", drawn < 2_000, drawn)
        leave(person, "q", f"{screen}, idle")


def obeys_its_surroundings():
    person = view("traces", environment={"NO_COLOR": "1"})
    person.wait("GET /first")
    person.quiet(0.5)
    coloured = [code for sgr in re.findall(rb"\x1b\[([0-9;]*)m", person.raw) for code in sgr.split(b";")
                if re.fullmatch(rb"3[0-8]|4[0-8]|9[0-7]|10[0-7]", code)]
    cases.case("NO_COLOR: no colour", not coloured, coloured)
    leave(person, "q", "NO_COLOR")
    person = view("traces", environment={"LANG": "C", "TERM": "vt100"})
    person.wait("GET /first")
    person.type(ENTER)
    person.wait("SELECT last")
    cases.case("LANG=C: only ASCII", all(byte < 0x80 for byte in person.raw))
    leave(person, "q", "LANG=C")
    person = view(environment={"TERM": "dumb"})
    cases.case("TERM=dumb: refused", person.end() == 64 or person.status == 2, person.status)
    cases.case("TERM=dumb: with a sentence", "TERM is dumb" in person.text() and b"\x1b" not in person.raw, person.text())
    person.close()


STORIES = (
    opens_without_a_collector, leaves_from_every_screen, shows_hostile_text_safely, is_of_any_size, survives_everything,
    ends_by_signals, stops_under_a_shell, does_nothing_when_nothing_happens, obeys_its_surroundings,
)
collector = None
try:
    for tell in STORIES:
        cases.story(tell.__name__.replace("_", " "), tell)
finally:
    if collector:
        collector.terminate()
        collector.wait(PATIENCE)
cases.end()
