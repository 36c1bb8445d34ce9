"""Trains a network on synthetic.npz with plain PyTorch, as a victim is trained, and prints its accuracy on CIFAR-10's test batch.

    python docs/train.py out/cifar10-rome/synthetic.npz test_batch.bin --width 32 --epochs 100
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
STD = torch.tensor([0.2023, 0.1994, 0.2010]).view(1, 3, 1, 1)


def convnet(width, classes, depth=3):
    layers, channels = [], 3
    for _ in range(depth):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(width, width), nn.ReLU(), nn.AvgPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * (32 // 2**depth) ** 2, classes))


def load(path):
    """Images in [0,1] as networks see them, and the probability of each class."""
    archive = np.load(path)
    images, labels = torch.tensor(archive["images"]), torch.tensor(archive["labels"])
    targets = F.one_hot(labels).float()
    if "soft_labels" in archive:
        targets = torch.tensor(archive["soft_labels"])
    if "multi_formation" in archive:
        # a mosaic of four, row by row, each to its full size
        side = images.shape[-1] // 2
        quarters = [images[:, :, y:y + side, x:x + side] for y in (0, side) for x in (0, side)]
        images = F.interpolate(torch.cat(quarters), scale_factor=2, mode="bilinear", align_corners=False)
        targets = targets.transpose(0, 1).flatten(0, 1) if targets.dim() == 3 else targets.repeat(4, 1)
    return images, targets


def moved(x, maps):
    """Each image by its own affine map (N, 2, 3)."""
    return F.grid_sample(x, F.affine_grid(maps, x.shape, align_corners=False), align_corners=False)


def augmented(x):
    """One of DSA's operations for the batch, with a draw for each image (Zhao and Bilen 2021)."""
    count, draw = len(x), lambda: torch.rand(len(x), 1, 1, 1)
    kind = ("color", "crop", "cutout", "flip", "scale", "rotate")[torch.randint(6, ()).item()]
    if kind == "color":
        x = x + draw() - 0.5
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * (2 * draw()) + grey
        level = x.mean((1, 2, 3), keepdim=True)
        return (x - level) * (draw() + 0.5) + level
    if kind == "flip":
        return torch.where(draw() < 0.5, x.flip(3), x)
    if kind == "cutout":
        rows = torch.arange(32).view(1, 1, 32, 1)
        centres = [torch.randint(0, 33, (count, 1, 1, 1)) for _ in range(2)]
        inside = [(rows - centre).abs() * 2 + 1 <= 16 for centre in centres]
        return x * ~(inside[0] & inside[1].transpose(2, 3))
    maps = torch.eye(2, 3).repeat(count, 1, 1)
    if kind == "crop":
        maps[:, :, 2] = torch.randint(-4, 5, (count, 2)) * 2 / 32
    elif kind == "scale":
        maps[:, 0, 0], maps[:, 1, 1] = (torch.rand(2, count) * (1.2 - 1 / 1.2) + 1 / 1.2)
    else:
        angle = (torch.rand(count) - 0.5) * 2 * np.pi * 15 / 180
        maps[:, 0, 0] = maps[:, 1, 1] = angle.cos()
        maps[:, 0, 1], maps[:, 1, 0] = -angle.sin(), angle.sin()
    return moved(x, maps)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("archive")
    arguments.add_argument("test", help="test_batch.bin of CIFAR-10's binary version")
    arguments.add_argument("--width", type=int, default=32)
    arguments.add_argument("--epochs", type=int, default=150)
    given = arguments.parse_args()
    torch.manual_seed(0)
    images, targets = load(given.archive)
    images = (images - MEAN) / STD
    network = convnet(given.width, targets.shape[1])
    for epoch in range(given.epochs):
        rate = 0.01 if epoch <= given.epochs // 2 else 0.001
        if epoch == 0:
            optimiser = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
        optimiser.param_groups[0]["lr"] = rate
        for batch in torch.randperm(len(images)).split(64):
            loss = -(F.log_softmax(network(augmented(images[batch])), 1) * targets[batch]).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    records = np.fromfile(given.test, dtype=np.uint8).reshape(-1, 3073)
    labels = torch.tensor(records[:, 0].astype(np.int64))
    pixels = torch.tensor(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    with torch.no_grad():
        hits = sum((network((x - MEAN) / STD).argmax(1) == y).sum().item()
                   for x, y in zip(pixels.split(500), labels.split(500)))
    print(f"{100 * hits / len(labels):.1f} % of {len(labels)} test images")


if __name__ == "__main__":
    main()
