"""Write the data sets of docs/datasets.md to build/data: `make data`, `python benchmarks/fetch.py --sets titanic`."""

import sys

from datasets.fetch import main

if __name__ == "__main__":
    sys.exit(main())
