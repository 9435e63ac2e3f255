import dataclasses

import jax
import numpy as np
import pytest

from asc_jax.deploy.exporting.program import facts_of, needed, program
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import Calibration
from asc_jax.net.arcface import SCALE
from asc_jax.net.options import Network
from asc_jax.net.scenenet import to_waveform


def test_the_program_is_float32_whatever_the_network_computes_in(model, clips, predicted):
    rough = dataclasses.replace(model, net=model.net.clone(network=Network(bfloat16=True)))
    cosine, confidence = jax.jit(program(rough))(to_waveform(clips[:4]))
    np.testing.assert_allclose(cosine, predicted[:4], rtol=0, atol=1e-5)
    assert confidence.shape == (4,)


def test_the_facts_and_the_confidence_are_calibrated(model, clips, predicted):
    assert not {"scale", "unknown_below"} & facts_of(model).keys()
    calibrated = dataclasses.replace(model, calibration=Calibration(2.0, 0.25))
    assert facts_of(calibrated) == facts_of(model) | {"scale": SCALE / 2, "unknown_below": 0.25}
    cosine, confidence = jax.jit(program(calibrated))(to_waveform(clips[:4]))
    np.testing.assert_allclose(cosine, predicted[:4], rtol=0, atol=1e-5)
    np.testing.assert_allclose(confidence, calibrated.calibration.confidence(predicted[:4]), atol=1e-4)


def test_a_missing_extra_is_reported_with_the_command_that_installs_it():
    with pytest.raises(UserError, match=r"needs nowhere_to_be_found; in asc_jax's folder: pip install -e '\.\[onnx\]'"):
        needed("nowhere_to_be_found", "onnx")
