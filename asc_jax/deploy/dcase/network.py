"""A network of asc_jax in PyTorch, with kernels in int8, for an entry to DCASE's task 1; it needs torch alone."""

# pyright: reportMissingImports=false
import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOW = 1024  # samples
BAND_VARIANCE_FLOOR = 1e-2  # decibels squared


class Conv(nn.Module):
    """A convolution by weight [out, in, ...], int8 with a scale for each output.

    torchinfo counts weight and bias of a class with this name once for each position.
    """

    def __init__(self, tensors: dict[str, Tensor], name: str, stride: int = 1, padding: int = 0):
        super().__init__()
        self.weight, self.scale = _fixed(tensors[f"{name}.weight"]), _fixed(tensors[f"{name}.scale"])
        self.bias = _fixed(tensors[f"{name}.bias"]) if f"{name}.bias" in tensors else None
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.float() * self.scale.float().reshape(-1, *(1 for _ in self.weight.shape[1:]))
        convolve = functional.conv1d if weight.ndim == 3 else functional.conv2d
        bias = None if self.bias is None else self.bias.float()
        return convolve(x, weight, bias, self.stride, self.padding, groups=x.shape[1] // weight.shape[1])


class PReLU(nn.Module):
    def __init__(self, tensors: dict[str, Tensor], name: str):
        super().__init__()
        self.weight = _fixed(tensors[f"{name}.slope"])

    def forward(self, x: Tensor) -> Tensor:
        return functional.prelu(x, self.weight.float())


class Affine(nn.Module):
    """A batch normalisation that no convolution comes right before: [B, C, F, T] -> the same."""

    def __init__(self, tensors: dict[str, Tensor], name: str):
        super().__init__()
        self.weight, self.bias = _fixed(tensors[f"{name}.weight"]), _fixed(tensors[f"{name}.bias"])

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.float()[:, None, None] + self.bias.float()[:, None, None]


class Attention(nn.Module):
    """Features [B, 2, F, T] -> a weight for each of their numbers."""

    def __init__(self, tensors: dict[str, Tensor]):
        super().__init__()
        self.blocks = nn.Sequential()
        for name in ("16", "64"):
            block = f"attention.separable_{name}"
            self.blocks.append(Conv(tensors, f"{block}.depthwise", padding=1)).append(nn.ReLU())
            self.blocks.append(Conv(tensors, f"{block}.pointwise")).append(nn.ReLU())
            self.blocks.append(Affine(tensors, f"attention.norm_{name}")).append(nn.ELU())
        if "attention.projection.weight" in tensors:
            self.blocks.append(Conv(tensors, "attention.projection"))
        else:
            for layer in ("depthwise", "pointwise"):
                self.blocks.append(Conv(tensors, f"attention.projection.{layer}")).append(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x).sigmoid()


class Bottleneck(nn.Module):
    """[B, C, F, T] -> [B, out, F / stride, T / stride], plus the input where the shape stays."""

    def __init__(self, tensors: dict[str, Tensor], name: str, stride: int):
        super().__init__()
        self.layers = nn.Sequential(
            Conv(tensors, f"{name}.expand"),
            PReLU(tensors, f"{name}.expand"),
            Conv(tensors, f"{name}.depthwise", stride, padding=1),
            PReLU(tensors, f"{name}.depthwise"),
            Conv(tensors, f"{name}.project"),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if x.shape == y.shape else y


class Trunk(nn.Module):
    """Features [B, 2, F, T] -> embedding [B, D, 1, 1]."""

    def __init__(self, tensors: dict[str, Tensor], strides: list[int], mean_over_time: bool):
        super().__init__()
        self.mean_over_time = mean_over_time
        self.maps = nn.Sequential(
            Conv(tensors, "trunk.stem", stride=2, padding=1),
            PReLU(tensors, "trunk.stem"),
            Conv(tensors, "trunk.depthwise", padding=1),
            PReLU(tensors, "trunk.depthwise"),
            *(Bottleneck(tensors, f"trunk.bottleneck_{number}", stride) for number, stride in enumerate(strides)),
            Conv(tensors, "trunk.widen"),
            PReLU(tensors, "trunk.widen"),
        )
        self.embedding = nn.Sequential(Conv(tensors, "trunk.global_depthwise"), Conv(tensors, "trunk.embedding"))

    def forward(self, x: Tensor) -> Tensor:
        x = self.maps(x)
        return self.embedding(x.mean(3, keepdim=True) if self.mean_over_time else x)


class SceneNet(nn.Module):
    """Waveform [B, samples] in [-1, 1] at 16 kHz -> logits [B, scenes]; `facts` tell the scenes and the settings."""

    def __init__(self, facts: dict, tensors: dict[str, Tensor]):
        super().__init__()
        self.facts, network = facts, facts["network"]
        self.hop, self.magnitude = network["hop"], network["magnitude_mel"]
        self.residual = network["residual_normalisation"]
        self.register_buffer("mel_filters", tensors["mel_filters"])
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.wavegram = nn.Sequential(Conv(tensors, "wavegram.filter", self.hop, WINDOW // 2), nn.ReLU())
        if "wavegram.spread.weight" in tensors:
            self.wavegram.append(Conv(tensors, "wavegram.spread")).append(nn.ReLU())
        self.attention = Attention(tensors)
        self.trunk = Trunk(tensors, facts["strides"], network["mean_over_time"])
        self.head = Conv(tensors, "head")

    def forward(self, waveform: Tensor) -> Tensor:
        mel, wavegram = self.log_mel(waveform), self.wavegram(waveform[:, None])  # [B, F, T]
        mel = residual_normalise(mel, self.residual) if self.residual else normalise(mel)
        x = torch.stack((mel, normalise(wavegram)), 1)  # [B, 2, F, T]
        embedding = functional.normalize(self.trunk(x * self.attention(x)), dim=1)
        return self.facts["scale"] * self.head(embedding)[:, :, 0, 0]

    def log_mel(self, waveform: Tensor) -> Tensor:
        """In decibels: [B, N] -> [B, F, T]."""
        spectrum = torch.stft(waveform, WINDOW, self.hop, window=self.window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()  # [B, 513, T]
        if self.magnitude:
            return 20 * torch.log10(self.mel_filters.T @ power.sqrt() + 1e-8)
        return 10 * torch.log10(self.mel_filters.T @ power + 1e-8)


def normalise(feature: Tensor, axes: tuple[int, ...] = (1, 2), floor: float = 1e-8) -> Tensor:
    """Zero mean and unit standard deviation over the axes: [B, F, T] -> the same."""
    centred = feature - feature.mean(axes, keepdim=True)
    return centred / centred.square().mean(axes, keepdim=True).clamp(min=floor).sqrt()


def residual_normalise(feature: Tensor, share: float) -> Tensor:
    """Each band over time, plus a share of the whole clip: [B, F, T] -> the same."""
    return normalise(feature, (2,), BAND_VARIANCE_FLOOR) + share * normalise(feature)


def load(file: str) -> SceneNet:
    """The network of a file that asc_jax wrote, on the CPU, for evaluation."""
    content = torch.load(file, map_location="cpu", weights_only=True)
    return SceneNet(content["facts"], content["tensors"]).eval()


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)
