"""Command line of the house: what spans rooms."""
