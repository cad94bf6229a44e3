"""Two processes with uneven shares of a batch learn what one learns from all of it."""
import json

import pytest
import torch

from segvg.models.losses import process_mean, zero_loss
from tests.tools.killing import fork_server
from tests.toy import make_data
from tests.two_processes import CASES, SENTENCES, run_two_processes


def test_one_process_divides_by_its_own_amount():
    assert process_mean(3, torch.device('cpu')) == 3
    amount = torch.tensor(3.5)
    assert process_mean(amount, torch.device('cpu')) is amount


def test_zero_loss_has_a_gradient_for_every_parameter():
    module = torch.nn.Linear(2, 3)
    zero_loss(module).backward()
    assert all(weight.grad is not None and not weight.grad.any()
               for weight in module.parameters())


@pytest.fixture(scope='module')
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp('two')
    data = make_data(folder / 'data', images=len(SENTENCES))
    process = fork_server().Process(target=run_two_processes,
                                    args=(str(data), str(folder)))
    process.start()
    process.join()
    assert process.exitcode == 0
    return json.loads((folder / 'table.json').read_text())


@pytest.mark.slow
@pytest.mark.parametrize('name', CASES)
def test_gradients_of_two_uneven_processes_are_those_of_the_whole_batch(table, name):
    row = table[name]
    assert row['same_names'] and row['whole'] > 0
    assert row['difference'] < 1e-9, row['worst']
