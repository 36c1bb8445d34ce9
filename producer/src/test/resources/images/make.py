"""Writes small images of every colour model with Pillow, and in expected.csv what its convert("RGB") makes of them.

    pip install pillow==12.3.0 && python make.py
"""
import csv, struct, zlib
from PIL import Image, ImageCms

W, H = 4, 3
rows = []

def keep(name, image, **options):
    image.save(name, **options)
    expect(name)

def expect(name, on_white=False):
    with Image.open(name) as opened:
        rgb = opened.convert("RGB")
        if on_white:
            white = Image.new("RGBA", opened.size, "white")
            rgb = Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
        for y in range(min(H, rgb.height)):
            for x in range(min(W, rgb.width)):
                rows.append([name, x, y, *rgb.getpixel((x, y))])

def png(name, depth, colour, lines, palette=None, transparent=None, on_white=False):
    """A PNG of any bit depth and colour type (PNG 1.2, section 4)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, 0))
    if palette:
        body += chunk(b"PLTE", bytes(palette))
    if transparent:
        body += chunk(b"tRNS", bytes(transparent))
    body += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines))) + chunk(b"IEND", b"")
    open(name, "wb").write(body)
    expect(name, on_white)

grey = [0, 1, 50, 100, 127, 128, 168, 200, 220, 250, 254, 255]
colours = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 100, 200),
           (100, 100, 100), (1, 2, 3), (254, 253, 252), (128, 64, 32), (77, 150, 29), (240, 15, 130)]

l = Image.new("L", (W, H)); l.putdata(grey)
rgb = Image.new("RGB", (W, H)); rgb.putdata(colours)
for kind in ("png", "bmp", "tif", "webp"):
    if kind != "webp":
        keep(f"grey8.{kind}", l)
    keep(f"rgb8.{kind}", rgb, **({"lossless": True} if kind == "webp" else {}))
keep("rgb8.gif", rgb)
png("grey1.png", 1, 0, [bytes([0b10100000]), bytes([0b01010000]), bytes([0b11000000])])
png("grey2.png", 2, 0, [bytes([0b00011011]), bytes([0b11100100]), bytes([0b01010101])])
png("grey4.png", 4, 0, [bytes([0x01, 0x23]), bytes([0x4f, 0xed]), bytes([0x98, 0x76])])
sixteen = [0, 1, 255, 256, 257, 25700, 32767, 32768, 40000, 65279, 65280, 65535]
# Pillow clips 16-bit grey at 255, so that nearly all of it is white; here its high byte counts, as in RGB
png("grey16.png", 16, 0, [b"".join(struct.pack(">H", v) for v in sixteen[4 * y:4 * y + 4]) for y in range(H)])
rows = [row for row in rows if row[0] != "grey16.png"]
rows += [["grey16.png", i % W, i // W] + [v >> 8] * 3 for i, v in enumerate(sixteen)]
png("rgb16.png", 16, 2, [b"".join(struct.pack(">HHH", v, 65535 - v, v // 2) for v in sixteen[4 * y:4 * y + 4]) for y in range(H)])
png("palette8.png", 8, 3, [bytes([0, 1, 2, 3]), bytes([3, 2, 1, 0]), bytes([1, 1, 2, 2])],
    [10, 20, 30, 200, 100, 0, 0, 255, 128, 90, 90, 90])
png("palette2.png", 2, 3, [bytes([0b00011011]), bytes([0b11100100]), bytes([0b01010101])],
    [10, 20, 30, 200, 100, 0, 0, 255, 128, 90, 90, 90])
png("opaque-greyalpha8.png", 8, 4, [b"".join(bytes([v, 255]) for v in grey[4 * y:4 * y + 4]) for y in range(H)])
png("opaque-rgba8.png", 8, 6, [b"".join(bytes([*c, 255]) for c in colours[4 * y:4 * y + 4]) for y in range(H)])
alphas = [0, 1, 64, 127, 128, 200, 254, 255, 10, 90, 180, 240]
png("rgba8.png", 8, 6, [b"".join(bytes([*colours[i], alphas[i]]) for i in range(4 * y, 4 * y + 4)) for y in range(H)], on_white=True)
png("greyalpha8.png", 8, 4, [b"".join(bytes([grey[i], alphas[i]]) for i in range(4 * y, 4 * y + 4)) for y in range(H)], on_white=True)
png("transparent-palette8.png", 8, 3, [bytes([0, 1, 2, 3]), bytes([3, 2, 1, 0]), bytes([1, 1, 2, 2])],
    [10, 20, 30, 200, 100, 0, 0, 255, 128, 90, 90, 90], [0, 128, 255, 64], on_white=True)
# one colour each, so that it does not matter how a decoder interpolates chroma
for name, mode, value in (("grey.jpg", "L", 100), ("rgb.jpg", "RGB", (200, 100, 50)), ("cmyk.jpg", "CMYK", (30, 120, 200, 40))):
    keep(name, Image.new(mode, (16, 16), value), quality=100)
keep("cmyk.tif", Image.new("CMYK", (W, H), (30, 120, 200, 40)))
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
keep("profile-rgb8.png", rgb, icc_profile=srgb)
keep("gamma-grey8.png", l)  # Pillow ignores gamma, too
data = bytearray(open("gamma-grey8.png", "rb").read())
gama = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 100000)
gama += struct.pack(">I", zlib.crc32(gama[4:]))
data[33:33] = gama
open("gamma-grey8.png", "wb").write(bytes(data))
expect("gamma-grey8.png")
with open("expected.csv", "w", newline="") as out:
    csv.writer(out).writerows(rows)
