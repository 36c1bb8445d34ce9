"""Writes reference.npz: losses of distillation methods and their gradients, by PyTorch in double precision.

Every function is written from its formula. Run with PyTorch and NumPy, in this directory.
"""
import numpy as np
import torch
import torch.nn.functional as F

CLASSES, WIDTH, SIDE = 3, 6, 8
numbers = np.random.RandomState(3)
out = {}


def draw(name, *shape, scale=1.0):
    values = (numbers.randn(*shape) * scale).astype(np.float32)
    out[name] = values
    return torch.tensor(values, dtype=torch.float64)


def network(name):
    """A convnet of two blocks, in the order of a state dict."""
    shapes = [(WIDTH, 3, 3, 3), (WIDTH,), (WIDTH,), (WIDTH,), (WIDTH, WIDTH, 3, 3), (WIDTH,), (WIDTH,), (WIDTH,),
              (CLASSES, WIDTH * 4), (CLASSES,)]
    return [draw(f"{name}{i}", *shape, scale=0.3) for i, shape in enumerate(shapes)]


def features(p, x):
    for i in (0, 4):
        x = F.conv2d(x, p[i], p[i + 1], padding=1)
        x = F.group_norm(x, WIDTH, p[i + 2], p[i + 3])
        x = F.avg_pool2d(F.relu(x), 2)
    return x.flatten(1)


def logits(p, x):
    return F.linear(features(p, x), p[8], p[9])


def keep(name, value):
    out[name] = np.asarray(value.detach().numpy(), dtype=np.float32)


def gradient(loss, at):
    return torch.autograd.grad(loss, at, create_graph=True)


p = network("p")
q = network("q")
for tensor in p:
    tensor.requires_grad_()

# gradient matching
real, synthetic = draw("real", 5, 3, SIDE, SIDE), draw("synthetic", 2, 3, SIDE, SIDE).requires_grad_()
target = torch.tensor([1])
wanted = [g.detach() for g in gradient(F.cross_entropy(logits(p, real), target.repeat(5)), p)]
given = gradient(F.cross_entropy(logits(p, synthetic), target.repeat(2)), p)
loss = 0
for a, b in zip(given, wanted):
    if a.dim() > 1:
        a, b = a.flatten(1), b.flatten(1)
        loss = loss + sum(1 - (r @ s) / (r.norm() * s.norm() + 1e-6) for r, s in zip(a, b))
keep("dc_loss", loss)
keep("dc_gradient", gradient(loss, [synthetic])[0])

# trajectories
images = draw("student_images", 4, 3, SIDE, SIDE).requires_grad_()
labels = torch.tensor([0, 1, 2, 0])
rate = torch.tensor(0.05, dtype=torch.float64, requires_grad=True)
now = p
for _ in range(3):
    now = [a - rate * g for a, g in zip(now, gradient(F.cross_entropy(logits(now, images), labels), now))]
loss = sum(((a - b) ** 2).sum() for a, b in zip(now, q)) / sum(((a - b) ** 2).sum() for a, b in zip(p, q))
keep("mtt_loss", loss)
by_images, by_rate = gradient(loss, [images, rate])
keep("mtt_gradient", by_images)
keep("mtt_rate_gradient", by_rate)

# curvature
x = draw("curved", 3, 3, SIDE, SIDE).requires_grad_()
y = torch.tensor([2, 0, 1])
entropy = F.cross_entropy(logits(p, x), y)
here = gradient(entropy, [x])[0]
direction = here.detach()
z = 3 * (direction + 1e-7) / (direction.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-7)
moved = (x + z).detach().requires_grad_()
there = gradient(F.cross_entropy(logits(p, moved), y), [moved])[0]
loss = entropy + 10 * (there - here).flatten(1).norm(dim=1).mean()
keep("curvature_loss", loss)
for i, g in enumerate(gradient(loss, p)):
    keep(f"curvature_gradient{i}", g)

# matching of embeddings
shown = draw("shown", 4, 3, SIDE, SIDE).requires_grad_()
e = features(p, shown)
r = features(p, draw("matched", 6, 3, SIDE, SIDE)).detach()
cross = F.cross_entropy(logits(p, shown), torch.tensor([1]).repeat(4))
m, n, s = e.mean(0), r.mean(0), r.std(0)
density = torch.distributions.Normal(n, s.exp()).log_prob(m) + 0.5 * np.log(2 * np.pi) + s
for name, loss in {"idm": ((m - n) ** 2).sum() + 0.02 * 30 * cross,
                   "bacon": -density.sum() + 0.8 * 0.5 * (m - n).abs().sum() + 0.02 * 30 * cross,
                   "rome": 0.2 * (0.5 * (m - n).abs().sum()) ** 2 + (1 - 0.2) * 0.02 * 30 * cross,
                   "guard": cross + 0.1 * ((m - n) ** 2).sum()}.items():
    keep(name + "_loss", loss)
    keep(name + "_gradient", gradient(loss, [shown])[0])

# contrast
clean, perturbed = draw("clean", 5, 7).requires_grad_(), draw("perturbed", 5, 7)
labels = [0, 1, 0, 2, 1]
everything = torch.cat([clean, perturbed])
loss = 0
for i in range(5):
    others = [j for j in range(10) if j != i]
    similarity = {j: F.cosine_similarity(clean[i], everything[j], dim=0) / 0.5 for j in others}
    whole = torch.logsumexp(torch.stack(list(similarity.values())), 0)
    positives = [j for j in others if labels[j % 5] == labels[i]]
    loss = loss - sum(similarity[j] - whole for j in positives) / len(positives) / 5
keep("contrast_loss", loss)
keep("contrast_gradient", gradient(loss, [clean])[0])

# TRADES
a, b = draw("natural_logits", 4, 3), draw("moved_logits", 4, 3)
keep("divergence", F.kl_div(F.log_softmax(b, 1), F.softmax(a, 1), reduction="sum"))

# coresets
points = draw("points", 30, 4).numpy()
mean, chosen = points.mean(0), []
for i in range(6):
    wanted = (i + 1) * mean - points[chosen].sum(0)
    distances = np.linalg.norm(points - wanted, axis=1)
    distances[chosen] = np.inf
    chosen.append(int(distances.argmin()))
out["herding"] = np.array(chosen, dtype=np.float32)
chosen = [int(np.linalg.norm(points - mean, axis=1).argmin())]
while len(chosen) < 6:
    nearest = np.min([np.linalg.norm(points - points[c], axis=1) for c in chosen], axis=0)
    chosen.append(int(nearest.argmax()))
out["k_center"] = np.array(chosen, dtype=np.float32)

np.savez("reference.npz", **out)
