"""Providers of online payment behind one protocol."""
