# SPDX-License-Identifier: Apache-2.0
"""From a shell's prompt to the slowest span of a checkout that failed, on a terminal of 80 x 24.

usage: view_story.py SONDE COLLECTOR_URL SLOWEST_SPAN
"""
import re
import sys

from person import ENTER, Person

sonde, url, slowest = sys.argv[1:4]
person = Person([sonde, "view", "--at", url], environment={"XDG_CONFIG_HOME": "/nonexistent"})
pressed = []


def press(key, sees):
    pressed.append(key)
    person.type(key)
    person.wait(sees)


def only_failed():
    rows = re.findall(r"^.? *\d\d:\d\d:\d\d .*", person.text(), re.MULTILINE)
    return rows and all("✗" in row for row in rows)


person.wait("gateway")
press("2", "POST /checkout")
press("e", only_failed)
press(ENTER, slowest)
press("x", "▌[^\n]*" + slowest)
person.type("q")
status = person.end()
print(f"{len(pressed)} keys, status {status}")
person.close()
