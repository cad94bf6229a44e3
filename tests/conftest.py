"""Settings for all tests: one thread, no network, no display."""
import os

# Before anything imports transformers: a test must not wait for a hub.
os.environ.setdefault('HF_HUB_OFFLINE', '1')
os.environ.setdefault('MPLBACKEND', 'Agg')

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Two cores are shared by everything that runs; tests take one each."""
    torch.set_num_threads(1)
    yield
