"""Saves convnet.pth in the forms in which people keep it. Any PyTorch with numpy: python make_checkpoints.py"""
import argparse
import collections
import json
import struct

import numpy
import torch

state = torch.load("convnet.pth", map_location="cpu")


def prefixed(prefix):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in state.items())


torch.save(state, "convnet-legacy.pth", _use_new_zipfile_serialization=False)
torch.save(prefixed("module._orig_mod."), "convnet-compiled.pth")

weights = [torch.nn.Parameter(tensor.clone()) for tensor in state.values()]
optimiser = torch.optim.Adam(weights, lr=1e-3)
sum((w ** 2).sum() for w in weights).backward()
optimiser.step()


class Callback:
    """Of somebody's own module, which no reader has."""

    def __init__(self):
        self.best = 1
        self.history = [1, 2]


class Meters(dict):
    pass


class Log(list):
    pass


beside = {
    "epoch": 3,
    "best_acc1": numpy.float64(41.5),
    "accuracies": numpy.arange(3.0),
    "args": argparse.Namespace(arch="convnet", lr=0.1, device=torch.device("cpu")),
    "optimizer": optimiser.state_dict(),
    "optimizer_states": [optimiser.state_dict()],
    "callbacks": {"early": Callback()},
    "meters": Meters(loss=1.0, top=2.0),
    "log": Log([1, 2, 3]),
    "rng": torch.get_rng_state(),
    "dtype": torch.float32,
    "size": torch.Size([3, 32]),
}
lightning = {**beside, "state_dict": prefixed("model.net."), "pytorch-lightning_version": "2.5.0"}
torch.save(lightning, "convnet-lightning.ckpt")
epoch = {**beside, "state_dict": prefixed("module.")}
torch.save(epoch, "convnet-epoch.pth.tar", _use_new_zipfile_serialization=False)

header, data = {"__metadata__": {"format": "pt"}}, b""
for name, tensor in state.items():
    raw = tensor.numpy().astype("<f4").tobytes()
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("convnet.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
