"""The portal: what a customer sees of their own accounts."""
