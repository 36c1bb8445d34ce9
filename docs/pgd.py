"""PGD-10 by torchattacks on a ConvNet of random weights: gradient evaluations a second, as AttackBenchmark prints ours.

    pip install torch torchattacks
    python docs/pgd.py --width 128 --threads 2
"""

import argparse
import time

import torch
import torchattacks
from torch import nn


def convnet(width):
    layers, channels = [], 3
    for _ in range(3):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(width, width), nn.ReLU(), nn.AvgPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * 16, 10)).eval()


def rate(attack, batch):
    images, labels = torch.rand(batch, 3, 32, 32), torch.randint(0, 10, (batch,))
    attack(images, labels)
    start = time.perf_counter()
    rounds = 0
    while time.perf_counter() - start < 3:
        attack(images, labels)
        rounds += 1
    return rounds * batch * 10 / (time.perf_counter() - start)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
parser.add_argument("--batches", default="16,32,64,256", help="batch sizes, of which the fastest counts")
options = parser.parse_args()
torch.manual_seed(1)
torch.set_num_threads(options.threads)
attack = torchattacks.PGD(convnet(options.width), eps=8 / 255, alpha=2 / 255, steps=10, random_start=False)
rates = {batch: rate(attack, batch) for batch in map(int, options.batches.split(","))}
for batch, value in rates.items():
    print(f"width {options.width}, batch {batch}: {value:.0f} gradient evaluations a second")
print(f"torchattacks {torchattacks.__version__}, torch {torch.__version__}, {options.threads} threads: {max(rates.values()):.0f}")
