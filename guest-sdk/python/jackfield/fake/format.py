"""The records of the interface `format`."""

from dataclasses import make_dataclass

Candidate = make_dataclass("Candidate", ["format", "confidence", "reason"])
