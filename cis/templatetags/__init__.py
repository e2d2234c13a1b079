"""Template tags of the roof: words of the trade."""
