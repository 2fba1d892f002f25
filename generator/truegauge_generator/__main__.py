"""`python -m truegauge_generator` is `truegauge`."""

from truegauge_generator.cli import program

program()
