"""How notices leave the house: by mail and by SMS."""
