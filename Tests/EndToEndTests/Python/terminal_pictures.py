# SPDX-License-Identifier: Apache-2.0
"""Feeds random pictures of the probe to pyte: once only what differs from one to the next, once each as a whole. Both must
look the same after each.

usage: terminal_pictures.py PROBE
"""
import subprocess
import sys

import pyte


class Terminal:
    def __init__(self, columns, rows):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        # As the viewer has it: nothing wraps.
        self.stream.feed(b"\x1b[?7l")

    def seen(self):
        return [[look(self.screen.buffer[row][column]) for column in range(self.screen.columns)]
                for row in range(self.screen.lines)]


def look(cell):
    """What a person sees of a cell: a blank has neither ink nor weight."""
    blank = cell.data == " " and not cell.reverse and not cell.underscore
    return (cell.data, cell.bg, cell.underscore, cell.reverse) + (() if blank else (cell.fg, cell.bold, cell.italics))


def blocks(output):
    place = 0
    while place < len(output):
        start = output.index(b"\n", place) + 1
        place, before = start + int(output[place:start]), start
        yield output[before:place]


pictures = 0
for seed in range(30):
    columns, rows = (7 + seed * 3) % 60 + 1, (seed * 5) % 12 + 1
    run = subprocess.run([sys.argv[1], "pictures", *map(str, (seed, 30, columns, rows))], capture_output=True, check=True)
    parts = list(blocks(run.stdout))
    terminal = Terminal(columns, rows)
    for step, (differences, whole) in enumerate(zip(parts[::2], parts[1::2])):
        terminal.stream.feed(differences)
        anew = Terminal(columns, rows)
        anew.stream.feed(whole)
        if terminal.seen() != anew.seen():
            print(f"seed {seed}, picture {step}:", *terminal.screen.display, "instead of", *anew.screen.display, sep="\n")
            raise SystemExit(1)
        pictures += 1
print(f"{pictures} pictures")
