from dataclasses import replace

import pytest

from asc_jax.bench.rules import dcase
from asc_jax.cli import experiments, main
from asc_jax.net.scenenet import SceneNet

SECOND = 16_000


def used(name, scenes=10):
    """(kB, M) that the network of an experiment uses of DCASE's limits."""
    kilobytes, arithmetic = dcase(SceneNet(scenes, experiments()[name].network), SECOND)
    return kilobytes.used, arithmetic.used


def test_multiply_accumulates_are_those_that_torchinfo_counts():
    """torchinfo 1.8 on the released network in PyTorch, where normalisation is not folded into biases: they count at
    every position here, and make 1.5 %."""
    assert used("released")[1] == pytest.approx(76.680842, rel=0.02)


def test_a_kernel_takes_a_byte_a_number_and_a_bias_two():
    of_a_scene = 1e3 * (used("small", 11)[0] - used("small", 10)[0])
    assert of_a_scene == pytest.approx(44 + 2)  # its direction, as many numbers as the embedding has, and its scale
    one_filter = experiments()["small"].network
    two_filters = replace(one_filter, wavegram_filters=2)
    (one, _), (two, _) = (dcase(SceneNet(10, network), SECOND) for network in (one_filter, two_filters))
    assert 1e3 * (two.used - one.used) == pytest.approx(1024 + 128 + 2 * 2)  # taps, their spread; a bias and a scale


def test_the_small_network_keeps_both_limits(capsys):
    main(["complexity", "small", "--rules", "dcase"])
    output = capsys.readouterr().out
    assert output.count("passes") == 2 and "114.7 kB" in output and "23.0 M" in output


def test_the_released_network_breaks_both(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["complexity", "released", "--rules", "dcase"])
    assert ended.value.code == 1
    output = capsys.readouterr().out
    assert output.count("fails") == 2 and "821.3 kB" in output and "77.9 M" in output


def test_the_rules_are_for_clips_of_a_second(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["complexity", "small", "--rules", "dcase", "--seconds", "10"])
    assert ended.value.code == 2 and "--seconds 10: " in capsys.readouterr().err
