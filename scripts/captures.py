# SPDX-License-Identifier: Apache-2.0
"""Looks at a collector with `sonde view` as a person would and keeps what the screen shows as SVG.

usage: captures.py SONDE COLLECTOR_URL FOLDER [NAME...]
"""
import html
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Tests" / "EndToEndTests" / "Python"))
from person import ENTER, Person  # noqa: E402

SONDE, URL, FOLDER = sys.argv[1:4]
WANTED = sys.argv[4:]
COLUMNS, ROWS = 110, 32

# ---- Pictures.

CELL, LINE, SIZE, MARGIN = 8.4, 18, 14, 14
INK, GROUND = "#d4d7dd", "#14161b"
NAMED = {
    "black": "#14161b", "red": "#e05f5f", "green": "#6fb36f", "brown": "#d7af5f", "blue": "#5f8fd7",
    "magenta": "#b76fb7", "cyan": "#4fb0b0", "white": "#d4d7dd",
}
FONT = "ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def colour(name, standard):
    if name == "default":
        return standard
    return NAMED.get(name.replace("bright", ""), "#" + name)


def style(cell):
    """Ink, ground and weight of a cell."""
    ink, ground = colour(cell.fg, INK), colour(cell.bg, GROUND)
    return (ground, ink, cell.bold) if cell.reverse else (ink, ground, cell.bold)


def runs(row, columns):
    """Cells of one style that follow one another: first column, style, text."""
    start = 0
    while start < columns:
        end = start + 1
        while end < columns and style(row[end]) == style(row[start]):
            end += 1
        yield start, end, style(row[start]), "".join(row[column].data for column in range(start, end))
        start = end


def svg(screen):
    width, height = COLUMNS * CELL + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'font-family="{FONT}" font-size="{SIZE}">',
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>',
    ]
    for number in range(ROWS):
        top = MARGIN + number * LINE
        for start, end, (ink, ground, bold), text in runs(screen.buffer[number], COLUMNS):
            left, length = MARGIN + start * CELL, (end - start) * CELL
            if ground != GROUND:
                lines.append(f'<rect x="{left:.1f}" y="{top}" width="{length:.1f}" height="{LINE}" fill="{ground}"/>')
            # Each word has its place, so that columns line up in any font.
            for word in re.finditer(r"\S+(?: \S+)*", text):
                weight = ' font-weight="bold"' if bold else ""
                lines.append(
                    f'<text x="{left + word.start() * CELL:.1f}" y="{top + 14}" textLength="{len(word[0]) * CELL:.1f}" '
                    f'fill="{ink}"{weight}>{html.escape(word[0])}</text>')
    return "\n".join(lines + ["</svg>", ""])


# ---- What a person looks at.


def look(name, arguments, story):
    if WANTED and name not in WANTED:
        return
    person = Person([SONDE, "view", "--at", URL, "--utc", *arguments], columns=COLUMNS, rows=ROWS,
                    environment={"XDG_CONFIG_HOME": os.devnull})
    try:
        person.wait("quit")
        story(person)
        # What is asked again by itself may draw once more.
        person.quiet(1)
        path = os.path.join(FOLDER, name + ".svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(svg(person.screen))
        print(path)
        person.type("q")
        person.end()
    finally:
        person.close()


def overview(person):
    person.wait("gateway")
    person.wait("Findings")


def traces(person):
    person.wait("POST /checkout")


def trace(person):
    person.wait("POST /checkout")
    person.type(ENTER)
    person.wait("reserve items")
    person.type("x")
    person.type("c")
    person.type(ENTER)
    person.wait("attributes")


def graph(person):
    person.wait("payments")


def logs(person):
    person.wait("card|declined|warehouse")


def diff(person):
    person.wait("POST /checkout")
    person.type(ENTER)
    person.wait("reserve items")
    person.type("V")
    person.wait("typical|against|usual")


look("overview", [], overview)
look("traces", ["traces"], traces)
look("trace", ["traces", "service=gateway", "duration>500ms"], trace)
look("graph", ["graph"], graph)
look("logs", ["logs"], logs)
look("diff", ["traces", "service=gateway", "duration>500ms"], diff)
