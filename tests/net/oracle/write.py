"""Computes `pytorch.npz` with PyTorch, in float64, from the weights and clips of `recipe`.

    pip install torch
    python tests/net/oracle/write.py PATH/torch_peer.py [FILE]

torch_peer.py is an implementation of the released network in PyTorch that shares no code with asc_jax: `Peer(seconds)`,
`margin_logits` and `loss_fn`. It is not part of this repository. Without FILE the results replace `pytorch.npz`.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import recipe
import torch

FILE = Path(__file__).with_name("pytorch.npz")


def main(peer_file: str, file: str = str(FILE)) -> None:
    torch.set_num_threads(1)  # the order of sums, and so the last digits, depend on it
    torch.set_default_dtype(torch.float64)
    peer = load(peer_file)
    net, seen = build(peer), {}
    net.register_forward_hook(lambda module, inputs, outputs: seen.update(cosine=outputs[0], embedding=outputs[1]))
    net.attention.register_forward_hook(lambda module, inputs, output: seen.update(attention=output))
    clips = torch.tensor(recipe.audio() / 32768), torch.tensor(recipe.LABELS), torch.tensor(recipe.LOSS_WEIGHTS)
    results = evaluate(peer, net, seen, *clips) | train(peer, net, seen, *clips)
    summaries = {name: recipe.summary(name, array) for name, array in results.items()}
    np.savez_compressed(file, checksum=recipe.checksum(), **summaries)


def load(file: str):
    spec = importlib.util.spec_from_file_location("torch_peer", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(peer):
    """The network with the recipe's weights, its constants as exact as asc_jax has them."""
    net = peer.Peer(recipe.SAMPLES / peer.RATE)
    net.window = torch.hann_window(peer.WINDOW)
    net.mel = net.mel.double()
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in recipe.weights().items()}
    state = dict(zip(names(net), tensors.values(), strict=True))
    assert not net.load_state_dict(state, strict=False).unexpected_keys
    return net


def names(net) -> list[str]:
    """The peer's names of the recipe's tensors, in the recipe's order: the released one."""
    used = [n for n in net.state_dict() if not n.endswith("num_batches_tracked") and "unused" not in n]
    return [n for n in used if n != "arc"] + ["arc"]


def released(net, tensors: dict) -> dict:
    """The peer's tensors under their released names."""
    both = zip(recipe.weights(), names(net), strict=True)
    return {theirs: tensors[ours].detach().clone() for theirs, ours in both if ours in tensors}


@torch.no_grad()
def evaluate(peer, net, seen, wave, label, weight):
    net.eval()
    features = net.features(wave)
    net(wave)
    return {
        "eval/log_mel": features[:, 0],
        "eval/wavegram": features[:, 1],
        "eval/attention": seen["attention"],
        "eval/embedding": seen["embedding"],
        "eval/cosine": seen["cosine"],
        "eval/margin_logits": peer.margin_logits(seen["cosine"], label),
        "eval/confidence": seen["cosine"].softmax(1).amax(1),
    }


def train(peer, net, seen, wave, label, weight):
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), recipe.LEARNING_RATE, weight_decay=recipe.WEIGHT_DECAY)
    results, losses = {}, []
    for step in range(recipe.STEPS):
        loss = peer.loss_fn(net, wave, label, weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        if step == 0:
            results["train/logits"] = peer.margin_logits(seen["cosine"].detach(), label)
            gradients = {n: p.grad for n, p in net.named_parameters() if p.grad is not None}
            results |= {f"gradient/{name}": array for name, array in released(net, gradients).items()}
            results |= {f"after/{name}": array for name, array in released(net, net.state_dict()).items()}
    return results | {"losses": torch.stack(losses)}


if __name__ == "__main__":
    main(*sys.argv[1:])
