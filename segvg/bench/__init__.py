"""All methods on the same data: result cards, comparisons, plans, error analysis.

``card`` is what a test leaves behind, ``statistics`` how far a score may be trusted,
``compare`` the table of several cards, ``plan`` and ``steps`` what runs them all, and
``errors`` where a model fails; ``card_page`` and ``error_page`` show them.
"""
