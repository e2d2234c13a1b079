"""What the room hears from outside."""
