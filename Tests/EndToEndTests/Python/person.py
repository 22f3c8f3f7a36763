# SPDX-License-Identifier: Apache-2.0
"""A person in front of a terminal of their own, in which a program runs: types, looks, pulls at the window's corner, and
sees whether the shell gets back what it lent. The terminal is pyte's, on a pseudo-terminal of the system."""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pyte

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
ENTER, ESCAPE, TAB, BACK_TAB = "\r", "\x1b", "\t", "\x1b[Z"
# The longest that anything may take on a machine that builds beside the tests.
PATIENCE = 60


class Person:
    def __init__(self, command, columns=80, rows=24, environment=None, answers=True):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw, self.status, self.answers, self.said = b"", None, answers, 0
        ready, go = os.pipe()
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            # Whoever started this script may have had signals ignored or held back; a shell hands on neither.
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            os.close(go)
            # The size is set before anything asks for it.
            os.read(ready, 1)
            plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM", "LC_ALL", "COLORFGBG")}
            plain.update({"TERM": "xterm-256color", "LANG": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"})
            plain.update(environment or {})
            os.execvpe(command[0], command, plain)
        self.set_size(columns, rows)
        self.before = termios.tcgetattr(self.terminal)
        os.close(ready)
        os.close(go)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.set_size(columns, rows)
        self.screen.resize(rows, columns)

    def look(self, seconds=0.05):
        """Reads what there is, waiting at most so long for the first of it. False when the program's end is closed."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return self.status is None
        try:
            piece = os.read(self.terminal, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            piece = b""
        if not piece:
            self.reap()
            return False
        self.raw += piece
        self.stream.feed(piece)
        if self.answers and (asked := piece.count(b"\x1b[5n")):
            self.type("\x1b[0n" * asked)
        return True

    def type(self, text):
        os.write(self.terminal, text if isinstance(text, bytes) else text.encode())

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, wanted, what=None):
        """Until a text stands on the screen, matched as a regular expression, or something is true."""
        holds = wanted if callable(wanted) else lambda: re.search(wanted, self.text())
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end or (not self.look() and not holds()):
                raise AssertionError(f"never saw {what or wanted!r}; status {self.status}; the screen:\n{self.text()}")

    def quiet(self, seconds):
        """What is drawn while nobody does anything."""
        before, end = len(self.raw), time.monotonic() + seconds
        while time.monotonic() < end and self.look():
            pass
        return len(self.raw) - before

    def reap(self):
        end = time.monotonic() + PATIENCE
        while self.status is None and time.monotonic() < end:
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                self.status = os.waitstatus_to_exitcode(status)
            time.sleep(0.005)

    def end(self):
        """The status with which the program ends, as Python has it: a signal is negative."""
        end = time.monotonic() + PATIENCE
        while self.status is None and time.monotonic() < end:
            self.look()
            child, status = (0, 0) if self.status is not None else os.waitpid(self.child, os.WNOHANG)
            if child:
                self.status = os.waitstatus_to_exitcode(status)
        # What was written last.
        while select.select([self.terminal], [], [], 0.05)[0] and self.look():
            pass
        return self.status

    def was_given_back(self, except_for=frozenset()):
        """First screen, cursor, modes: whatever was switched on was switched off after that."""
        for mode in set(re.findall(rb"\x1b\[\?(\d+)h", self.raw)) - {b"7", b"25"} - except_for:
            if self.raw.rfind(b"\x1b[?" + mode + b"l") < self.raw.rfind(b"\x1b[?" + mode + b"h"):
                return False
        for mode in (b"7", b"25"):
            if self.raw.rfind(b"\x1b[?" + mode + b"h") < self.raw.rfind(b"\x1b[?" + mode + b"l"):
                return False
        return b"\x1b[?1049l" in self.raw

    def modes_were_given_back(self):
        """Echo, lines, Ctrl-C. Asked while our end keeps the terminal open."""
        return termios.tcgetattr(self.terminal) == self.before

    def close(self):
        if self.status is None:
            os.kill(self.child, signal.SIGKILL)
            self.reap()
        os.close(self.terminal)


class Cases:
    """Counts what held, and says what did not."""

    def __init__(self):
        self.count, self.failed = 0, 0

    def case(self, name, holds, detail=""):
        self.count += 1
        if not holds:
            self.failed += 1
            print(f"FAILED {name}: {detail}", flush=True)

    def story(self, name, tell):
        try:
            tell()
        except AssertionError as error:
            self.case(name, False, error)

    def end(self):
        print(f"{self.count - self.failed} of {self.count} cases")
        raise SystemExit(1 if self.failed else 0)
