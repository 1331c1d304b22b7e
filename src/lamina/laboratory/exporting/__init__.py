"""The page of the lab as one file: for a course site, with recorded answers; and for a notebook."""
