"""One entry of one array: the terms that it is the sum of, and the entries of other arrays that it reads."""
