# SPDX-License-Identifier: Apache-2.0
"""Asks a collector what its own description allows and what it does not, and holds every answer against the description.

    fuzz_api.py URL SEED EXAMPLES
"""

import subprocess
import sys
from pathlib import Path

url, seed, examples = sys.argv[1:]
run = subprocess.run(
    [
        str(Path(sys.executable).with_name("schemathesis")), "run", url + "/sonde/v1/openapi.json",
        "--seed", seed, "--max-examples", examples, "--phases", "examples,coverage,fuzzing",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off", "--request-timeout", "20",
        "--suppress-health-check", "all",
    ],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
)
print(run.stdout)
sys.exit(run.returncode)
