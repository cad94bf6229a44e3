"""Tests of the readers of own data."""
