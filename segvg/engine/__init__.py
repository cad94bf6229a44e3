"""What runs training and testing: hooks, launching, checks before anything is built."""
