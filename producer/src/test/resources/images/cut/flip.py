#!/usr/bin/env python3
"""Writes flips.csv: of the images here, with one byte changed, whether Pillow reads each, and what it then reads.

Needs Pillow (Debian: python3-pil), and the images that make.py wrote. Columns: file, position, value, "refused" or the SHA-256 of the RGB bytes.
"""
import pathlib
import random
import warnings

from make import HERE, verdict

warnings.simplefilter("ignore")
with open(HERE / "flips.csv", "w") as out:
    for file in sorted(HERE.iterdir()):
        if file.suffix in {".png", ".jpg", ".bmp", ".gif", ".tif", ".webp"}:
            content = file.read_bytes()
            draw = random.Random(file.name)
            for _ in range(25):
                at, value = draw.randrange(len(content)), draw.randrange(256)
                changed = content[:at] + bytes([value]) + content[at + 1 :]
                out.write(f"{file.name},{at},{value},{verdict(changed)}\n")
