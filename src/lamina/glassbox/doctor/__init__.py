"""The doctor: which mistake a hand-written backprop holds, told from its numbers.

A learner's function is called on cases of many shapes, in a process of its own. Where it differs from the course's, the
doctor computes what each known mistake would give on every case and names the one that fits them all.
"""

from lamina.glassbox.doctor.asking import check, examine
from lamina.glassbox.doctor.report import Finding, FunctionReport, Report

__all__ = ["Finding", "FunctionReport", "Report", "check", "examine"]
