# SPDX-License-Identifier: Apache-2.0
"""Reads a metrics page with Prometheus's own parsers for Python and prints what a label's value is, as JSON."""

import json
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

page = open(sys.argv[2], encoding="utf-8", newline="").read()
parse = {"text": text, "openmetrics": openmetrics}[sys.argv[1]].text_string_to_metric_families
samples = [sample for family in parse(page) for sample in family.samples]
found = [sample for sample in samples if sample.name == "hostile_total"]
print(json.dumps({"samples": len(samples), "value": found[0].labels["value"], "count": found[0].value}))
