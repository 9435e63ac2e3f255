"""Containers that libsndfile does not know and FFmpeg does, by their first bytes: FFmpeg's name for each."""

HEAD = 189  # bytes: MPEG-TS is known by the first of its second packet of 188
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")  # the GUID of a header object


def demuxer_of(head: bytes) -> str:
    """The demuxer for a file that begins so, "" if it is none of these."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return "mov"  # M4A, MP4, MOV, 3GP
    if head.startswith(ASF):
        return "asf"  # WMA, WMV
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"  # MKV, MKA, WebM
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:2] in (b"\xff\xf0", b"\xff\xf1", b"\xff\xf8", b"\xff\xf9"):
        return "aac"  # ADTS, whose layer is 0 where that of MP3 never is
    if head.startswith(b"#!AMR"):
        return "amr"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    return "mpegts" if head[:1] == head[188:189] == b"G" else ""
