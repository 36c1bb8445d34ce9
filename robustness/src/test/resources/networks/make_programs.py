"""Writes the TorchScript programs that a probe or a reader is to see through. Any PyTorch: python make_programs.py"""
import torch
from torch import Tensor, nn

torch.manual_seed(0)


def small(*last):
    return nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 10), *last)


images = torch.randn(8, 3, 32, 32)
plain = small()
plain(images)  # running statistics of its own
torch.jit.trace(plain.eval(), images).save("plain.pt")
torch.jit.trace(plain.train(), images, check_trace=False).save("training-mode.pt")
plain.eval()
torch.jit.trace(small(nn.Softmax(1)).eval(), images).save("softmax.pt")


class Fixed(nn.Module):
    def __init__(self, batch: int):
        super().__init__()
        self.batch = batch
        self.inner = plain

    def forward(self, x):
        return self.inner(x.reshape(self.batch, 3, 32, 32))


torch.jit.trace(Fixed(1), images[:1]).save("one-image.pt")
torch.jit.trace(Fixed(8), images).save("eight-images.pt")


class Detached(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = plain
        self.hidden = small().eval()

    def forward(self, x):
        return self.seen(x) + 3 * self.hidden(x.detach())


torch.jit.trace(Detached(), images).save("detached.pt")


class Quantised(nn.Module):
    """Rounds its input, and passes the gradient of a scaled one."""

    def __init__(self):
        super().__init__()
        self.inner = plain

    def forward(self, x):
        wrong = 0.2 * x
        return self.inner(wrong + (x - wrong).detach())


torch.jit.trace(Quantised(), images).save("straight-through.pt")


class Purified(nn.Module):
    """Moves its input some gradient steps before it classifies it, as adaptive test-time defences do."""

    def __init__(self):
        super().__init__()
        self.inner = plain

    def forward(self, x: Tensor) -> Tensor:
        moved = x.detach()
        for _ in range(3):
            moved.requires_grad_(True)
            energy = torch.logsumexp(self.inner(moved), 1).sum()
            gradient = torch.autograd.grad([energy], [moved])[0]
            if gradient is not None:
                moved = (moved + 0.1 * gradient).detach()
        return self.inner(x + (moved - x).detach())


torch.jit.script(Purified()).save("purified.pt")


class OnDevice(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.to(torch.device("cuda:0")).flatten(1)[:, :10]


torch.jit.script(OnDevice()).save("cuda.pt")

broken = small().eval()
with torch.no_grad():
    broken[4].weight[3, 5] = float("nan")
torch.jit.trace(broken, images, check_trace=False).save("nan.pt")
