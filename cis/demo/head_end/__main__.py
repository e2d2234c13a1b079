"""Runs the simulator without Django: it starts at once, and takes little memory."""

import sys
from argparse import ArgumentParser

from cis.demo.head_end import process

if __name__ == "__main__":
    parser = ArgumentParser("python -m cis.demo.head_end", description=process.__doc__)
    process.add_arguments(parser)
    try:
        process.run(parser.parse_args())
    except process.WrongArgument as error:
        sys.exit(f"error: {error}")
