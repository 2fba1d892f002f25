"""What may be said in a spec: its models, its checks, and where everything stands."""

from truegauge_spec.load import assemble, build, load, sources, spec_files
from truegauge_spec.problem import Position, Problem, SpecError
from truegauge_spec.spec import Source, Spec

__all__ = ["Position", "Problem", "Source", "Spec", "SpecError", "assemble", "build", "load", "sources", "spec_files"]
