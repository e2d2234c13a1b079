"""Where and how much energy: places, meters, reads, usage."""
