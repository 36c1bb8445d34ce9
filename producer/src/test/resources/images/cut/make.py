#!/usr/bin/env python3
"""Writes images of every format, and in verdicts.csv whether Pillow reads each when it is cut, and what it then reads.

Needs Pillow (Debian: python3-pil). Columns: file, bytes that are left, "refused" or the SHA-256 of the RGB bytes.
"""
import hashlib
import io
import pathlib
import random
import warnings

from PIL import Image

HERE = pathlib.Path(__file__).parent
SIZE = (48, 40)


def picture():
    """A gradient with noise, so that no format makes little of it."""
    draw = random.Random(7)
    image = Image.new("RGB", SIZE)
    image.putdata([(x * 5 % 256, y * 6 % 256, draw.randrange(64) + x + y) for y in range(SIZE[1]) for x in range(SIZE[0])])
    return image


def verdict(content):
    try:
        with Image.open(io.BytesIO(content)) as image:
            return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
    except Exception:  # Pillow answers damage with errors of many kinds
        return "refused"


def cuts(length):
    return sorted({length * tenth // 10 for tenth in range(1, 10)} | {length - 1, length - 2, length - 3, length})


def write():
    whole = picture()
    whole.save(HERE / "baseline.jpg", quality=80)
    whole.save(HERE / "progressive.jpg", quality=80, progressive=True)
    whole.convert("L").save(HERE / "grey.jpg", quality=80)
    whole.save(HERE / "rgb.png")
    whole.quantize(32).save(HERE / "palette.png")
    whole.save(HERE / "rgb.bmp")
    whole.quantize(32).save(HERE / "palette.bmp")
    whole.quantize(32).save(HERE / "palette.gif", interlace=1)
    whole.quantize(32).save(HERE / "plain.gif", interlace=0)
    whole.save(HERE / "plain.tif")
    whole.save(HERE / "lzw.tif", compression="tiff_lzw")
    whole.save(HERE / "deflate.tif", compression="tiff_adobe_deflate")
    whole.save(HERE / "lossy.webp", quality=80)
    whole.save(HERE / "lossless.webp", lossless=True)

    # not one of those that are cut
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(HERE / "animated.webp.bin", "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    warnings.simplefilter("ignore")
    with open(HERE / "verdicts.csv", "w") as out:
        for file in sorted(HERE.iterdir()):
            if file.suffix in {".png", ".jpg", ".bmp", ".gif", ".tif", ".webp"}:
                content = file.read_bytes()
                for left in cuts(len(content)):
                    out.write(f"{file.name},{left},{verdict(content[:left])}\n")


if __name__ == "__main__":
    write()
