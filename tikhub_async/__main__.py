"""`python -m tikhub_async`: the command line."""

import sys

from tikhub_async._cli import main

if __name__ == "__main__":
    sys.exit(main())
