import pytest

from asc_jax.bench.traffic import traffic

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
WHOLE = 4 * 128 * 128 * 4  # bytes of x with its padding, two channels to 128 lanes


@pytest.mark.parametrize(
    ("order", "written"),
    [
        ("2,1,0", 4 * 128 * 128),  # channels are padded to 128 lanes
        ("1,2,0", 4 * 8 * 128),  # to 8 sublanes
        ("1,0,2", 2 * 8 * 128),  # clips are padded to 8 sublanes
    ],
)
def test_what_is_read_and_written_fills_tiles(order, written):
    read = 2 * 4 * 128 * 128  # by the copy and by the fusion; what the copy writes is in the chip's vector memory
    data = 3 * 4 * 128 * 2
    moved, padding = traffic(PROGRAM.replace("OUT", order))
    assert moved == 4 * (read + written)
    assert padding == pytest.approx(1 - data / (read + written))


def test_without_tiles_nothing_is_padded():
    program = "\nENTRY %f {\n  %x = pred[3,5]{1,0} parameter(0)\n  ROOT %y = pred[3,5]{1,0} negate(%x), a={}\n}"
    assert traffic(program) == (30, 0)


@pytest.mark.parametrize(
    ("instruction", "moved"),
    [
        ("(f32[4,128,2]{L}, f32[4,128,2]{LS(1)}, u32[]{:S(2)}) copy-start(%x)", WHOLE),
        ("(f32[4,128,2]{L}, f32[4,128,2]{L}, u32[]{:S(2)}) copy-start(%x)", 2 * WHOLE),
        ("((f32[4,128,2]{L}), f32[1,128,2]{LS(1)}, s32[]{:S(2)}) slice-start(%x), slice={[0:1]}", WHOLE / 4),
        ("((f32[4,128,2]{L}), f32[1,128,2]{L}, s32[]{:S(2)}) slice-start(%x), slice={[0:1]}", WHOLE / 2),
        ("f32[1,128,2]{L} slice(%x), slice={[0:1]}", WHOLE / 2),
        ("f32[4,128,2]{L} negate(%x)", 2 * WHOLE),
        ("f32[4,128,2]{L} copy-done(%x)", 0),
        ("f32[128,8]{1,0:T(8,128)} bitcast(%x)", 0),
    ],
)
def test_a_copy_is_counted_once_and_a_slice_as_what_is_read(instruction, moved):
    program = "\nENTRY %f {\n  %x = f32[4,128,2]{L} parameter(0)\n  %z = f32[8,128]{1,0:T(8,128)} negate(%none)\n"
    program += f"  ROOT %y = {instruction}\n}}"
    assert traffic(program.replace("L}", "2,1,0:T(8,128)}").replace("LS", "2,1,0:T(8,128)S"))[0] == moved + 8 * 128 * 4
