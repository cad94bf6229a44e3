"""What runs training and testing: hooks, launching, checks before anything is built."""
from segvg.engine import hooks, optim

__all__ = ['hooks', 'optim']
