"""A script: commands of lamina one after another, in the processes that there are: `several.py [[WORD, ...], ...]`."""

import json
import sys

from lamina.cli.main import main

if __name__ == "__main__":
    sys.exit(max(main(words) for words in json.loads(sys.argv[1])))
