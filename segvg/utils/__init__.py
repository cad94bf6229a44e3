"""Small parts without a subject of grounding, which everything else may use."""
