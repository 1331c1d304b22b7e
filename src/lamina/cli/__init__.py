"""Face 2: the command line. `main.py` lists the commands; each has a file of its own, imported when it is called."""
