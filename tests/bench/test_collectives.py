import jax
import pytest

from asc_jax.bench.collectives import Collective, collectives
from asc_jax.bench.network import Case, compile_training
from asc_jax.net.options import Network

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
PROGRAM = """
  %all-reduce.1 = f32[3,3,64]{2,1,0} all-reduce(%a), channel_id=1
  %all-reduce.2 = (bf16[2]{0}, /*index=1*/f32[]) all-reduce-start(%b, %c), channel_id=2
  ROOT %g = f32[8]{0} all-gather(%d), dimensions={0}
  %fusion = f32[9]{0} fusion(%all-reduce.1)
"""


def test_calls_and_bytes_are_read_from_the_program():
    assert collectives(PROGRAM) == [
        Collective("all-gather", 1, 32, 32),
        Collective("all-reduce", 2, 4 * 576, 4 * 576 + 8),
    ]


@pytest.mark.parametrize("network", [Network(), Network(wavegram_filters=128, plain_projection=True)])
def test_devices_tell_each_other_gradients_and_statistics_and_no_maps(network):
    case = Case(2, 1.0, network, 1)
    exchanged = {each.kind: each for each in collectives(compile_training(case).program)}
    state = case.state()
    parameters = sum(leaf.nbytes for leaf in jax.tree.leaves(state.params))
    statistics = jax.tree.leaves(state.batch_stats)  # a mean and a variance for each normalisation
    normalisations, gathered = len(statistics) // 2, sum(leaf.nbytes for leaf in statistics)
    gathers, sums = exchanged["all-gather"], exchanged["all-reduce"]
    assert exchanged.keys() == {"all-gather", "all-reduce"}
    assert (gathers.calls, gathers.bytes) == (normalisations, 2 * gathered)  # of two devices
    assert sums.calls == normalisations + 1 and gathered < sums.bytes - parameters < 1.01 * gathered
