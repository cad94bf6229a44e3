"""Trainings in several steps."""
