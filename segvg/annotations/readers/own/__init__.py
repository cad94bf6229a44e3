"""Readers of what people annotate themselves: tables and files of labelling tools."""
