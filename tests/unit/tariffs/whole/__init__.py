"""Random whole tariffs of all kinds of components: what is drawn, and what the oracle is told of it."""
