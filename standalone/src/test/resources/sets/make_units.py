"""Writes one small set in bytes, and in values that look like others. Any PyTorch with numpy: python make_units.py"""
import pickle

import numpy
import torch

# value k of image i is the byte 3 * (12 i + k); two images of each of three classes
whole = (3 * torch.arange(72)).view(6, 3, 2, 2)
labels = torch.tensor([0, 0, 1, 1, 2, 2])
pixels = whole.float() / 255

torch.save([whole.byte(), labels], "bytes.pt")
torch.save([whole, labels], "whole.pt")
torch.save([list(whole.byte().split(2)), list(labels.split(2))], "byte-lists.pt")
with open("bytes.pkl", "wb") as file:
    pickle.dump([whole.byte().numpy(), labels.numpy()], file)
numpy.savez("bytes.npz", images=whole.byte().numpy(), labels=labels.numpy())
torch.save([whole.float(), labels], "float-bytes.pt")
torch.save([whole + 100, labels], "beyond.pt")
torch.save([whole - 1, labels], "negative.pt")
torch.save([whole % 2, labels], "zeros-and-ones.pt")
numpy.savez("normalised.npz", images=(4 * pixels - 2).numpy(), labels=labels.numpy())
mean, std = (torch.tensor(c).view(1, 3, 1, 1) for c in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
torch.save([(pixels - mean) / std, labels], "imagenet.pt")

# our own file of version 0.1.0, as Java's zip writes it: entries whose names are UTF-8 by flag; and one that names its classes
import io
import zipfile

for name, more in (("before-names.npz", {}), ("named.npz", {"class_names": numpy.array(["cat", "ant", "bee"])}),
                   ("named-twice.npz", {"class_names": numpy.array(["cat", "cat", "bee"])}),
                   ("numbered.npz", {"class_names": numpy.array(["1", "2", "3"])})):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in {"images": pixels.numpy(), "labels": labels.numpy(), **more}.items():
            data = io.BytesIO()
            numpy.save(data, array)
            entry = zipfile.ZipInfo(key + ".npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue())
    content = bytearray(open(name, "rb").read())
    content[7] |= 8  # the flag of the first entry, which Python does not set
    open(name, "wb").write(content)
