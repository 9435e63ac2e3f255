"""The profiles that JAX writes (*.xplane.pb), read with protobuf.

JAX's own reader, ProfileData, ends the process in some versions, and the trace file beside a profile holds a million
events at most. Fields have the numbers of XLA's tsl/profiler/protobuf/xplane.proto, of which these are a part.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "asc_jax.profile"
# message -> field -> (number, type, or the message that is repeated)
MESSAGES = {
    "Space": {"planes": (1, "Plane")},
    "Plane": {"lines": (3, "Line"), "stat_metadata": (5, "MetadataEntry")},
    "MetadataEntry": {"key": (1, "int64"), "value": (2, "Metadata")},
    "Metadata": {"name": (2, "string")},
    "Line": {"events": (4, "Event")},
    "Event": {"duration_ps": (3, "int64"), "stats": (4, "Stat")},
    "Stat": {"metadata_id": (1, "int64"), "str_value": (5, "string"), "ref_value": (7, "uint64")},
}


def hlo_events(file: Path) -> Iterator[tuple[str, float]]:
    """(HLO operation, seconds) of each event of a profile that belongs to one."""
    for plane in _space().FromString(file.read_bytes()).planes:
        names = {entry.key: metadata.name for entry in plane.stat_metadata for metadata in entry.value}
        for line in plane.lines:
            for event in line.events:
                for stat in event.stats:
                    if names.get(stat.metadata_id) == "hlo_op":
                        yield stat.str_value or names[stat.ref_value], event.duration_ps / 1e12


def _space() -> Any:
    """The class of a whole profile."""
    file = descriptor_pb2.FileDescriptorProto(name="asc_jax/profile.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            described = message.field.add(name=field, number=number)
            if kind in MESSAGES:
                described.label, described.type = described.LABEL_REPEATED, described.TYPE_MESSAGE
                described.type_name = f".{PACKAGE}.{kind}"
            else:
                described.label = described.LABEL_OPTIONAL
                described.type = getattr(described, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Space"))
