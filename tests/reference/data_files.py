"""Writes small files of each format, and what Python reads from them, into `tests/reference/data`.

Sound by scipy.io.wavfile, numbers by numpy.genfromtxt, pictures by matplotlib's or Pillow's reader where there is one,
volumes by the fields of `nifti1.h` read with the module struct. `python tests/reference/data_files.py`; numpy, scipy.
"""

import gzip, json, os, struct, sys, zlib

import numpy as np
import scipy
from scipy.io import wavfile

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(0)
expected = {"versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__}}


def at(name):
    return os.path.join(folder, name)


def keep(name, array):
    array = np.asarray(array)
    expected[name] = {"shape": list(array.shape), "values": [float(x) for x in array.ravel()]}


# Sound: scipy writes, and scipy reads what the test compares with.
sound = rng.uniform(-1, 1, (40, 2))
for name, data in {
    "u8.wav": ((sound * 127) + 128).astype(np.uint8),
    "i16.wav": (sound * 32767).astype(np.int16),
    "i32.wav": (sound[:, 0] * 2147483647).astype(np.int32),
    "f32.wav": sound.astype(np.float32),
}.items():
    wavfile.write(at(name), 8000, data)
    rate, read = wavfile.read(at(name))
    assert rate == 8000
    scaled = {"u8": lambda x: (x.astype(float) - 128) / 128, "i16": lambda x: x / 32768.0,
              "i32": lambda x: x / 2147483648.0, "f32": lambda x: x.astype(float)}[name[:3]](read) \
        if name[:2] != "u8" else (read.astype(float) - 128) / 128
    keep(name, scaled.reshape(len(scaled), -1))

# Numbers: numpy reads them.
table = rng.normal(size=(12, 3)) * 10.0 ** rng.integers(-3, 6, (12, 3))
with open(at("table.csv"), "w", newline="") as file:
    file.write('first,"second, quoted",third\r\n')
    for row in table:
        file.write(",".join(repr(float(x)) for x in row) + "\r\n")
keep("table.csv", np.genfromtxt(at("table.csv"), delimiter=",", skip_header=1))


# Volumes: written and read by the offsets of nifti1.h.
def nifti(name, data, code, order, slope, intercept):
    header = bytearray(352)
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, data.ndim, *data.shape[::-1], *([1] * (7 - data.ndim)))
    struct.pack_into(order + "2h", header, 70, code, data.dtype.itemsize * 8)
    struct.pack_into(order + "8f", header, 76, 1, 2.0, 1.5, 0.75, 1, 1, 1, 1)
    struct.pack_into(order + "3f", header, 108, 352, slope, intercept)
    header[344:348] = b"n+1\0"
    content = bytes(header) + data.astype(data.dtype.newbyteorder(order)).tobytes()
    with (gzip.open if name.endswith(".gz") else open)(at(name), "wb") as file:
        file.write(content)
    keep(name, data.astype(float) * (slope or 1.0) + (intercept if slope else 0.0))


volume = rng.uniform(-3000, 3000, (3, 4, 5))
nifti("i16-big.nii", volume.astype(np.int16), 4, ">", 0.25, -3.0)
nifti("u8.nii.gz", (np.abs(volume) % 256).astype(np.uint8), 2, "<", 0.0, 0.0)
nifti("f32.nii", volume.astype(np.float32), 16, "<", 1.0, 0.0)
nifti("f64-big.nii.gz", volume, 64, ">", 2.0, 0.5)


# Pictures: chunks written with zlib, so that what stands in them is known by construction.
def png(name, pixels, kind, depth=8, palette=None):
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else np.uint8).tobytes() for row in pixels)
    chunk = lambda tag, body: struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
    height, width = pixels.shape[:2]
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    if palette is not None:
        parts.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    with open(at(name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


colours = rng.integers(0, 256, (5, 7, 4))
png("rgb.png", colours[..., :3], 2)
keep("rgb.png", colours[..., :3])
png("rgba.png", colours, 6)
keep("rgba.png", colours)
png("grey.png", colours[..., :1], 0)
keep("grey.png", colours[..., :1])
png("grey16.png", colours[..., :1] * 257, 0, depth=16)
keep("grey16.png", colours[..., :1])
palette = rng.integers(0, 256, (9, 3))
indices = rng.integers(0, 9, (5, 7, 1))
png("palette.png", indices, 3, palette=palette)
keep("palette.png", palette[indices[..., 0]])

with open(at("expected.json"), "w") as file:
    json.dump(expected, file)
