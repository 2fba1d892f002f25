"""`expressions.py SPEC NUMBER`: type so many of the spec's rendered expressions, and print the CPU seconds it took."""

from __future__ import annotations

import sys
from itertools import islice
from time import process_time

from truegauge_generator.expressions import recorded, rendered
from truegauge_spec import load
from truegauge_spec.promql.infer import infer

spec = load(sys.argv[1])
some = list(islice(rendered(spec), int(sys.argv[2])))
if len(some) < int(sys.argv[2]):
    sys.exit(f"the spec has only {len(some)} expressions")
started = process_time()
known = recorded(spec)
for one in some:
    infer(one.text, known, one.alert)
sys.stdout.write(f"{process_time() - started}\n")
