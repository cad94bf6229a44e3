"""Trained grounders as graphs that run without this package.

``formats`` has the names, ``files`` writes and checks, ``run`` runs.
"""
