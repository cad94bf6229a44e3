"""Annotations: the canonical form, its checks, and every format in and out."""
