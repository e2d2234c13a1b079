"""What tools/mutate.py is made of: the changes, and the loop that tries them."""
