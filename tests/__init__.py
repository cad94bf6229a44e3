"""What holds for all tests, and for the programs that they fork."""
import os

# Before mmengine: imported first, it imports all of transformers for one optimizer.
import segvg  # noqa: F401

# Here no power is lost, and to wait for the disk takes longer than most of what is
# tested; that files are brought to it, tests/utils/test_files.py tests.
os.fsync = lambda number: None
