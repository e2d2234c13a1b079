"""A made-up supplier, deterministic by seed: people, places, meters, and the files that their meters would send."""
