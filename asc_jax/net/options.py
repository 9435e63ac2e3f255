"""What one may choose of the network; each field is an option of the command line."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Network:
    """The network of an experiment; the defaults are the released one."""

    wavegram_filters: int = 1
    """Filters of 1024 taps in the Wavegram: 1 (released) or 128 (paper)."""
    magnitude_mel: bool = False
    """20 log10 of the mel magnitude (paper) in place of 10 log10 of the mel power (released)."""
    plain_projection: bool = False
    """A 1x1 convolution before the attention's sigmoid (paper) in place of a separable one (released)."""
    residual_normalisation: float = 0.0
    """Lambda of residual normalisation, each band plus lambda times the clip; 0 (released): the clip alone."""
    mean_over_time: bool = False
    """Average over time before the global convolution, in place of a weight for each frame (released)."""
    width: float = 1.0
    """Channels of attention, trunk and embedding, as a share of the released network's, in multiples of 4."""
    depth: int = 2
    """Bottlenecks in each of the trunk's three stages."""
    bands: Literal[64, 96, 128] = 128
    """Bands of the log-mel and of the Wavegram."""
    hop: Literal[128, 256, 512] = 512
    """Samples from one frame to the next; both features have windows of 1024."""
    bfloat16: bool = False
    """Attention and trunk compute in bfloat16, for a GPU or TPU."""
