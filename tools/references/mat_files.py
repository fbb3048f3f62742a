"""Small MAT-files of version 5 as SciPy writes them, for the reader of @node-ode/datasets, and what they hold."""

import json

import numpy as np
from scipy.io import savemat
from scipy.sparse import eye_array

from typescript import ROOT, lay_out

FOLDER = ROOT / "packages" / "datasets" / "src" / "mat" / "fixtures"


def svhn(rng):
    # height, width, channels, images: extents that differ, so that a wrong order of axes is seen
    return {
        "X": rng.integers(0, 256, (4, 5, 3, 6), dtype=np.uint8),
        "y": np.array([[10], [1], [9], [5], [10], [2]], dtype=np.uint8),
    }


def main():
    FOLDER.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    digits = svhn(rng)
    numbers = {
        "doubles": rng.normal(size=(2, 3)),
        "singles": rng.normal(size=(3, 1)).astype(np.float32),
        "int8s": np.array([[-128, 127]], dtype=np.int8),
        "int16s": np.array([[-32768, 32767]], dtype=np.int16),
        "uint16s": np.array([[0, 65535]], dtype=np.uint16),
        "int32s": np.array([[-(2**31), 2**31 - 1]], dtype=np.int32),
        "uint32s": np.array([[0, 2**32 - 1]], dtype=np.uint32),
        "cube": np.arange(24, dtype=np.float64).reshape(2, 3, 4),
        "none": np.zeros((0, 3)),
        "scalar": 42.0,
    }
    others = {
        "text": "word",
        "complex": np.array([[1 + 2j]]),
        "struct": {"a": 1.0},
        "cell": np.array([np.array([1.0]), "x"], dtype=object),
        "sparse": eye_array(3, format="csc"),
        "wanted": np.array([[1.0, 2.0]]),
    }
    savemat(FOLDER / "svhn.mat", digits, do_compression=True)
    savemat(FOLDER / "svhn-plain.mat", digits, do_compression=False)
    savemat(FOLDER / "numbers.mat", numbers, do_compression=True)
    savemat(FOLDER / "numbers-plain.mat", numbers, do_compression=False)
    savemat(FOLDER / "others.mat", others, do_compression=True)
    savemat(FOLDER / "version-4.mat", {"x": np.array([[1.0]])}, format="4")
    held = {
        name: {"shape": list(np.atleast_2d(value).shape), "data": np.atleast_2d(value).ravel(order="F").tolist()}
        for name, value in numbers.items()
    }
    rows = {"images": np.transpose(digits["X"], (3, 2, 0, 1)).ravel().tolist(), "labels": (digits["y"].ravel() % 10).tolist()}
    lay_out(FOLDER / "expected.json", json.dumps({"numbers": held, "svhn": rows}))


if __name__ == "__main__":
    main()
