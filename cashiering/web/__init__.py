"""Pages that are not ours: the sandbox provider's."""
