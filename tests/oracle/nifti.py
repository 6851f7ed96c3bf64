"""What nibabel reads in a folder of NIfTI and Analyze files, as JSON.

    python nifti.py FOLDER > nibabel.json

One entry per file (relative path): shape, stored type, affine turned to LPS, orientation codes, and
min, max, mean of the first volume after scaling; or the error. Needs nibabel and numpy.
"""

import json
import pathlib
import sys

import nibabel as nib
import numpy as np


def is_candidate(path):
    name = path.name.lower()
    return any(name.endswith(e) for e in (".nii", ".nii.gz", ".hdr", ".hdr.gz"))


def numbers(values):
    return [[float(v) for v in row] for row in values]


def describe(path):
    image = nib.load(path)
    header = image.header
    entry = {
        "class": type(image).__name__,
        "shape": [int(n) for n in image.shape],
        "dtype": str(header.get_data_dtype()),
    }
    if hasattr(header, "get_sform"):
        entry["sform_code"] = int(header["sform_code"])
        entry["qform_code"] = int(header["qform_code"])
        unit = {"meter": 1000.0, "micron": 0.001}.get(header.get_xyzt_units()[0], 1.0)
    else:
        entry["sform_code"] = entry["qform_code"] = 0
        unit = 1.0
    turn = np.diag([-unit, -unit, unit, 1.0])
    affine = turn @ image.affine
    affine[3, 3] = 1.0
    entry["affine_lps"] = numbers(affine)
    entry["zooms_mm"] = [float(z) * unit for z in header.get_zooms()[:3]]
    data = np.asanyarray(image.dataobj)
    if data.dtype.fields is not None or np.iscomplexobj(data):
        entry["kind"] = "colour" if data.dtype.fields is not None else "complex"
        return entry
    while data.ndim > 3:
        data = data[..., 0]
    data = data.astype(np.float64)
    finite = data[np.isfinite(data)]
    entry["kind"] = "grey"
    entry["values"] = {
        "min": float(finite.min()),
        "max": float(finite.max()),
        "mean": float(finite.mean()),
        "n_void": int(data.size - finite.size),
    }
    return entry


def main():
    root = pathlib.Path(sys.argv[1])
    files = {}
    for path in sorted(root.rglob("*")):
        if not path.is_file() or not is_candidate(path):
            continue
        key = path.relative_to(root).as_posix()
        try:
            files[key] = describe(path)
        except Exception as error:  # every failure of the peer is a row
            files[key] = {"error": type(error).__name__}
    json.dump({"nibabel": nib.__version__, "files": files}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
