"""Mistakes to be looked at: training with known ones made, a quiz, a learner's file in the chain."""
