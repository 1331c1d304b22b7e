"""Diagnosis of training: what is wrong with a run, in sentences, the likely cause first.

vital_signs.py, facts.py     what is kept of a run: looks at its layers, what its rows say
case.py                      all of it in one place
of_data, of_layers,          a function for each finding: from a case to a `Finding`, or None
of_rates, of_outcome
findings.py                  the table of them, causes before what they cause
"""
