"""Writes batch-norm.npz: two steps of a convnet with batch norm in training, and what it says afterwards, by PyTorch in double precision.

Run with PyTorch and NumPy, in this directory.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES, WIDTH, SIDE = 3, 6, 8
numbers = np.random.RandomState(5)
out = {}


def draw(name, *shape, scale=1.0):
    values = (numbers.randn(*shape) * scale).astype(np.float32)
    out[name] = values
    return torch.tensor(values, dtype=torch.float64)


def keep(name, value):
    out[name] = value.detach().numpy().astype(np.float32)


features = nn.Sequential(
    nn.Conv2d(3, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.AvgPool2d(2),
    nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten())
net = nn.Sequential(features, nn.Linear(WIDTH * 4, CLASSES)).double()
state = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
for i, (name, value) in enumerate(state.items()):
    values = draw(f"p{i}", *value.shape, scale=0.3)
    if name.endswith("running_var"):
        values = values.abs() + 0.5
        out[f"p{i}"] = values.numpy().astype(np.float32)
    value.copy_(torch.tensor(out[f"p{i}"], dtype=torch.float64))

optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
net.train()
for step in range(2):
    images = draw(f"images{step}", 5, 3, SIDE, SIDE)
    targets = torch.softmax(draw(f"targets{step}", 5, CLASSES), 1)
    keep(f"targets{step}", targets)
    optimiser.zero_grad()
    loss = -(torch.tensor(out[f"targets{step}"], dtype=torch.float64) * F.log_softmax(net(images), 1)).sum(1).mean()
    loss.backward()
    optimiser.step()
    keep(f"loss{step}", loss)
for i, name in enumerate(state):
    keep(f"after{i}", net.state_dict()[name])
net.eval()
keep("logits", net(torch.tensor(out["images0"], dtype=torch.float64)))
np.savez_compressed("batch-norm.npz", **out)
