# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a terminal of its own and tells, as JSON, what a person in front of it sees: every screen that
differs from the one before, the last one, and the status that a shell would show.

usage: terminal.py COLUMNS ROWS INTERRUPT PROGRAM ARGUMENT...

Where INTERRUPT is not empty, Ctrl-C is pressed once it stands on the screen.
"""
import fcntl
import json
import os
import pty
import struct
import sys
import termios

import pyte

columns, rows, interrupt = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
child, terminal = pty.fork()
if child == 0:
    # Whoever started this script may have had signals ignored or held back; a shell hands on neither.
    import signal

    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    # The size is set before anything asks for it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ["TERM"] = "xterm-256color"
    os.execv(sys.argv[4], sys.argv[4:])

screen = pyte.Screen(columns, rows)
stream = pyte.ByteStream(screen)
screens, raw = [], b""


def shown():
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    raw += piece
    stream.feed(piece)
    now = shown()
    if not screens or screens[-1] != now:
        screens.append(now)
    if interrupt and any(interrupt in line for line in now):
        interrupt = ""
        os.write(terminal, b"\x03")

_, ended = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(ended)
print(json.dumps({
    "screens": screens[-200:],
    "last": shown(),
    "status": 128 - code if code < 0 else code,
    "hasColour": b"\x1b[3" in raw or b"\x1b[9" in raw or b"\x1b[1m" in raw or b"\x1b[2m" in raw,
}))
