"""Files from outside, read without trusting them."""
