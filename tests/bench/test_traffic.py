import pytest

from asc_jax.bench.padding import padding

PROGRAM = """HloModule jit_step
%fused (a: f32[1,1]) -> f32[1,1] {
  %a = f32[1,1]{1,0:T(8,128)} parameter(0)
}

ENTRY %main (x: f32[4,128,2]) -> f32[4,128,2] {
  %x = f32[4,128,2]{2,1,0:T(8,128)} parameter(0)
  %small = bf16[100]{0:T(256)(128)(2,1)S(1)} copy(%x)
  ROOT %y = f32[4,128,2]{OUT:T(8,128)} fusion(%x, %small), kind=kLoop, calls=%fused
}
"""


@pytest.mark.parametrize(
    ("order", "written"),
    [
        ("2,1,0", 4 * 128 * 128),  # channels are padded to 128 lanes
        ("1,2,0", 4 * 8 * 128),  # to 8 sublanes
        ("1,0,2", 2 * 8 * 128),  # clips are padded to 8 sublanes
    ],
)
def test_what_is_read_and_written_fills_tiles(order, written):
    read = 2 * 4 * 128 * 128  # by the copy and by the fusion; what the copy writes is in the chip's own memory
    data = 3 * 4 * 128 * 2
    assert padding(PROGRAM.replace("OUT", order)) == pytest.approx(1 - data / (read + written))


def test_without_tiles_nothing_is_padded():
    program = "\nENTRY %f {\n  %x = pred[3,5]{1,0} parameter(0)\n  ROOT %y = pred[3,5]{1,0} negate(%x), a={}\n}"
    assert padding(program) == 0
