# SPDX-License-Identifier: Apache-2.0
"""Ends the probe in every way a program can end, stops and continues it, and looks each time whether the terminal was given
back and taken again.

usage: terminal_life.py PROBE
"""
import os
import signal
import sys

from person import DOWN, UP, Cases, Person

PROBE = [sys.argv[1], "program"]
# What bash switches on for its own line: marks around pastes.
SHELL = {b"2004"}
cases = Cases()


def quits():
    person = Person(PROBE)
    person.wait("size 80x24")
    cases.case("keys come one by one", not person.modes_were_given_back())
    person.type("a" + UP + "\x1b[<0;5;6M\x1b[200~pasted 漢字\x1b[201~\xff")
    person.wait(r"press\(4,5\)")
    person.wait(r"paste\(pasted 漢字\)")
    person.type("\x1b")
    person.wait("esc")
    for columns, rows in ((100, 30), (40, 10), (1, 1), (250, 60), (80, 24)):
        drawn = len(person.raw)
        person.resize(columns, rows)
        person.wait(lambda: len(person.raw) > drawn and (rows == 1 or f"size {columns}x{rows}" in person.text()),
                    f"{columns}x{rows}")
    person.wait("the last row")
    cases.case("nothing is drawn while nothing happens", person.quiet(1) == 0)
    before = used(person)
    person.quiet(1)
    cases.case("nothing is computed while nothing happens", used(person) == before)
    person.type("y")
    person.wait(lambda: b"\x1b]52;c;Y29waWVkIOa8ouWtlw==" in person.raw, "the clipboard's sequence")
    person.type("t")
    person.wait("200 ticks")
    person.type("q")
    cases.case("ends with its status", person.end() == 0, person.status)
    cases.case("gives the screen back", person.was_given_back())
    cases.case("says goodbye on the shell's screen", "goodbye" in person.text(), person.text())
    person.close()


def used(person):
    with open(f"/proc/{person.child}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[11:13]


def ends(name, statuses, end, words=None, keys="e"):
    person = Person(PROBE)
    person.wait("the last row")
    person.type(keys)
    person.wait(r"row \d+ e" if keys else "size")
    end(person)
    status = person.end()
    cases.case(f"{name}: ends as it would without us", status in statuses, status)
    cases.case(f"{name}: gives the screen back", person.was_given_back(), person.raw[-300:])
    cases.case(f"{name}: gives the modes back", person.modes_were_given_back())
    for word in words or []:
        shown = person.raw[person.raw.rfind(b"\x1b[?1049l"):].decode(errors="replace")
        cases.case(f"{name}: shows {word!r} afterwards", word in shown, shown[:500])
    person.close()


def stops_alone():
    """Nobody could continue it, so it is not stopped, and goes on."""
    person = Person(PROBE)
    person.wait("the last row")
    person.type("\x1a")
    person.wait("resume")
    person.type("q")
    cases.case("suspended without a shell: goes on", person.end() == 0, person.status)
    person.close()


def stops_under_a_shell():
    person = Person(["bash", "--norc", "--noprofile", "-i"], environment={"PS1": "shell> "})
    person.wait("shell>")
    person.type("'" + PROBE[0] + "' program\r")
    person.wait("the last row")
    probe = int(os.popen(f"pgrep -P {person.child}").read().split()[0])
    for number in (None, signal.SIGTSTP, signal.SIGSTOP):
        name = number.name if number else "Ctrl-Z"
        person.type("\x1a") if number is None else os.kill(probe, number)
        person.wait(r"Stopped[^\n]*\n(.*\n)*shell>$")
        if number != signal.SIGSTOP:
            cases.case(f"{name}: gives the screen back", person.was_given_back(except_for=SHELL), person.raw[-300:])
            person.type("echo so$((40 + 2))\r")
            person.wait("so42")
        person.type("fg\r")
        person.wait("the last row")
        person.wait("resume")
        person.type(DOWN)
        person.wait(lambda: person.text().rstrip().endswith("down\nthe last row"), "the key after coming back")
        cases.case(f"{name}: comes back", True)
    person.type("q")
    person.wait("goodbye")
    cases.case("shell has its terminal again", person.was_given_back(except_for=SHELL), person.raw[-300:])
    person.type("exit\r")
    person.end()
    person.close()


def slow():
    """Over a line that is slower than the keys, the newest picture is drawn and the ones between are not."""
    for answers in (True, False):
        person = Person(PROBE, columns=120, rows=40, answers=answers)
        person.wait("the last row")
        person.type("ab")
        person.wait("2 keys")
        before = len(person.raw)
        for _ in range(20):
            person.type(UP * 50)
        person.wait("1002 keys")
        cases.case(f"1000 keys are few pictures (answers {answers})", len(person.raw) - before < 200_000, len(person.raw) - before)
        person.type("q")
        cases.case(f"a burst is survived (answers {answers})", person.end() == 0)
        person.close()


def refuses():
    for term in ("dumb", ""):
        person = Person(PROBE, environment={"TERM": term})
        cases.case(f"TERM={term} is refused", person.end() == 3 and "cannot draw on this terminal: TERM is" in person.text(),
                   person.text())
        cases.case(f"TERM={term} is told in plain text", b"\x1b" not in person.raw, person.raw)
        person.close()


cases.story("quits", quits)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    cases.story(number.name, lambda: ends(number.name, [-number], lambda person: os.kill(person.child, number),
                                         ["words for standard error"]))
cases.story("crash", lambda: ends("crash", [-signal.SIGILL, -signal.SIGTRAP], lambda person: person.type("C"),
                                  ["words for standard error", "asked to crash"]))
cases.story("abort", lambda: ends("abort", [-signal.SIGABRT], lambda person: person.type("A"), ["words for standard error"]))
cases.story("exit", lambda: ends("exit", [9], lambda person: person.type("X")))
cases.story("status", lambda: ends("status", [7], lambda person: person.type("7"), ["words for standard error"]))
cases.story("suspended alone", stops_alone)
cases.story("suspended under a shell", stops_under_a_shell)
cases.story("slow", slow)
cases.story("refuses", refuses)
cases.end()
