"""Doors to the world outside, each behind a protocol: providers of online payment, banks that collect direct debits."""
