"""Rules of cases: pure functions and tables, without framework, clock or database."""
