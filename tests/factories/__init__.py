"""
Small worlds for tests: plain functions that write rows directly, each with defaults that fit together.

They go past the operations on purpose: a test of billing must not fail because a customer's name is refused.
"""

from tests.factories import accounts, contracts, inspections, metering, tariffs, work

__all__ = ["accounts", "contracts", "inspections", "metering", "tariffs", "work"]
