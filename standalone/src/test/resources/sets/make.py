"""Writes one small set in the forms in which people keep distilled sets. Any PyTorch with numpy: python make.py"""
import pickle

import numpy
import torch

# image i has the values i + 0.00, 0.01, ... in reading order; two images of each of three classes
images = (torch.arange(6.0).view(6, 1, 1, 1) + torch.arange(12.0).view(1, 3, 2, 2) / 100).contiguous()
labels = torch.tensor([0, 0, 1, 1, 2, 2])
other = torch.zeros(6, 3, 2, 2)
logits = torch.nn.functional.one_hot(labels, 3).float() * 4 - 1
soft = torch.softmax(logits, 1)

torch.save({"data": [[other, labels], [images, labels]], "accs_all_exps": {"ConvNet": [numpy.float64(40.5)]}}, "dc.pt")
torch.save([images, labels], "pair.pt", _use_new_zipfile_serialization=False)
torch.save((images.half().float(), soft), "soft.pt")
torch.save({"image_syn": images.transpose(2, 3).contiguous().transpose(2, 3), "label_syn": logits}, "logits.pt")
torch.save([list(images), labels.tolist()], "lists.pt")
torch.save([list(images.split(2)), list(labels.split(2))], "classes.pt")
torch.save(images, "images_best.pt")
torch.save(labels, "labels_best.pt")
torch.save(images, "alone.pt")
torch.save([torch.zeros(1).expand(100000, 3, 32, 32), torch.zeros(1).expand(100000)], "expanded.pt")
with open("tensors.pkl", "wb") as file:
    pickle.dump((images, labels), file)
with open("tensors2.pkl", "wb") as file:
    pickle.dump({"x": images, "y": labels}, file, protocol=2)
with open("arrays.pkl", "wb") as file:
    pickle.dump({"images": numpy.asfortranarray(images.numpy()), "labels": list(labels.numpy())}, file)
with open("arrays2.pkl", "wb") as file:
    pickle.dump([images.double().numpy(), labels.int().numpy()], file, protocol=2)
numpy.savez("arrays.npz", images=numpy.asfortranarray(images.double().numpy()), labels=labels.numpy())
numpy.savez_compressed("big-endian.npz", x=images.numpy().astype(">f4"), y=labels.numpy().astype("u1"))
