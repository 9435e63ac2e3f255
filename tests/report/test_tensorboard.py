import io

from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from asc_jax.report.run import open_run
from asc_jax.report.tensorboard import write_images


def events(folder):
    """The events of a TensorBoard file: each is a length, its check sum, the event and its check sum."""
    (file,) = folder.iterdir()
    content = file.read_bytes()
    while content:
        length = int.from_bytes(content[:8], "little")
        yield Event.FromString(content[12 : 12 + length])
        content = content[16 + length :]


def test_confusion_and_attention_of_every_round_are_images(complete, tmp_path):
    write_images(open_run(complete), tmp_path / "report.html")
    values = {value.tag: value for event in events(tmp_path / "tensorboard") for value in event.summary.value}
    rounds = ("pretrain", "scratch", "finetune-1", "pseudolabel")
    expected = {f"{kind}/{name}" for kind in ("confusion", "attention") for name in rounds}
    assert {tag for tag, value in values.items() if value.image.width} == expected
    image = Image.open(io.BytesIO(values["confusion/pretrain"].image.encoded_image_string))
    assert image.size[0] > 300 and len(image.getcolors(maxcolors=10**6)) > 10
    (text,) = [value for tag, value in values.items() if tag.startswith("report")]
    assert str(tmp_path / "report.html") in text.tensor.string_val[0].decode()
