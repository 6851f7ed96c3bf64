"""Mutates DICOM series and compares what `oncotwin inspect` says with what the mutated bytes say.

Usage: python mutate.py ONCOTWIN [-n COUNT] [--seed S] [--keep DIR] SERIES_FOLDER…

Truth is derived from the mutated bytes with pydicom and numpy alone. A mutation ends as
  exact     no word beyond those about the unmutated series, and everything agrees with the bytes
  noticed   agrees with the bytes, with further warnings or an item that is refused
  refused   nothing of the series is loaded
  SILENT    what is said disagrees with the bytes, or an inconsistency went without a word
  unjudged  pydicom could not read what oncotwin did
Exit code 1 when anything is silent.
"""

import argparse
import collections
import copy
import json
import multiprocessing
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom

warnings.filterwarnings("ignore")
TOLERANCE = 0.02


def load(folder, most=40):
    """Files of one series as (name, bytes), the middle ones where there are many."""
    found = []
    for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
        try:
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            found.append((float(ds.ImagePositionPatient[2]), float(ds.ImagePositionPatient[0]), path))
        except Exception:
            continue
    found.sort()
    start = max(0, (len(found) - most) // 2)
    return [(f"{n:03}.dcm", p.read_bytes()) for n, (_, _, p) in enumerate(found[start:start + most])]


def edit(data, change):
    with tempfile.SpooledTemporaryFile() as out:
        ds = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
        change(ds)
        pydicom.dcmwrite(out, ds)
        out.seek(0)
        return out.read()


def some(rng, files, most=3):
    return rng.sample(range(len(files)), rng.randint(1, max(1, min(most, len(files) - 2))))


def fresh(ds, rng):
    ds.SOPInstanceUID = f"1.2.826.0.1.3680043.10.2.{rng.randrange(1 << 60)}"
    if hasattr(ds, "file_meta"):
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID


def normal_of(ds):
    o = np.array(ds.ImageOrientationPatient, float)
    return np.cross(o[:3], o[3:])


def number(v):
    return f"{v:.10g}"[:16]


# Each returns a list of (name, bytes) and whether it must be noticed (None: by geometry alone).
def delete_inner(rng, files):
    gone = set(rng.sample(range(1, len(files) - 1), rng.randint(1, min(5, len(files) - 3))))
    return [f for n, f in enumerate(files) if n not in gone], None


def delete_ends(rng, files):
    return files[rng.randint(0, 2):len(files) - rng.randint(0, 2)], None


def duplicate(rng, files):
    return files + [(f"d{n}.dcm", files[n][1]) for n in some(rng, files)], True


def duplicate_renamed(rng, files):
    return files + [(f"d{n}.dcm", edit(files[n][1], lambda ds: fresh(ds, rng))) for n in some(rng, files)], True


def duplicate_other_pixels(rng, files):
    def change(ds):
        fresh(ds, rng)
        a = bytearray(ds.PixelData)
        a[len(a) // 2] ^= 0x55
        ds.PixelData = bytes(a)
    return files + [(f"d{n}.dcm", edit(files[n][1], change)) for n in some(rng, files)], True


def each(rng, files, change, must, most=3):
    files = list(files)
    for n in some(rng, files, most):
        files[n] = (files[n][0], edit(files[n][1], change))
    return files, must


def shuffle_numbers(rng, files):
    numbers = rng.sample(range(1, 1000), len(files))
    return [(name, edit(data, lambda ds, k=k: setattr(ds, "InstanceNumber", k))) for (name, data), k in zip(files, numbers)], None


def rename(rng, files):
    names = [f[0] for f in files]
    rng.shuffle(names)
    return [(name, data) for name, (_, data) in zip(names, files)], None


def move_along(rng, files):
    delta = rng.choice([-1, 1]) * 10 ** rng.uniform(-1.5, 1.5)
    def change(ds):
        p = np.array(ds.ImagePositionPatient, float) + normal_of(ds) * delta
        ds.ImagePositionPatient = [number(v) for v in p]
    return each(rng, files, change, None)


def move_aside(rng, files):
    delta = 10 ** rng.uniform(-0.8, 2)
    def change(ds):
        o = np.array(ds.ImageOrientationPatient, float)
        p = np.array(ds.ImagePositionPatient, float) + o[:3] * delta
        ds.ImagePositionPatient = [number(v) for v in p]
    return each(rng, files, change, True)


def turn(rng, files):
    angle = 10 ** rng.uniform(-3.5, -0.3)
    def change(ds):
        o = np.array(ds.ImageOrientationPatient, float)
        r, c = o[:3], o[3:]
        ds.ImageOrientationPatient = [number(v) for v in (*(np.cos(angle) * r + np.sin(angle) * c), *(np.cos(angle) * c - np.sin(angle) * r))]
    return each(rng, files, change, True)


def spacing(rng, files):
    factor = 1 + 10 ** rng.uniform(-3, 0)
    return each(rng, files, lambda ds: setattr(ds, "PixelSpacing", [number(float(v) * factor) for v in ds.PixelSpacing]), True)


def rows(rng, files):
    key = rng.choice(["Rows", "Columns"])
    return each(rng, files, lambda ds: setattr(ds, key, int(ds[key].value) - rng.randint(1, int(ds[key].value) // 2)), True)


def rescale(rng, files):
    def change(ds):
        ds.RescaleSlope = number(float(ds.get("RescaleSlope", 1)) * rng.choice([2, 0.5, 1.1]))
        ds.RescaleIntercept = number(float(ds.get("RescaleIntercept", 0)) + rng.choice([0, 10, -3]))
    return each(rng, files, change, None if is_pet(files) else True)


def frame_of_reference(rng, files):
    return each(rng, files, lambda ds: setattr(ds, "FrameOfReferenceUID", rng.choice(["", "1.2.3.4"])), True)


def patient(rng, files):
    return each(rng, files, lambda ds: setattr(ds, "PatientID", "SOMEBODY"), True)


def no_position(rng, files):
    key = rng.choice(["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
    return each(rng, files, lambda ds: ds.pop(key), True)


def namesake(rng, files):
    a, b = rng.sample(range(len(files)), 2)
    other = pydicom.dcmread(pydicom.filebase.DicomBytesIO(files[b][1]), stop_before_pixels=True).SOPInstanceUID
    files = list(files)
    files[a] = (files[a][0], edit(files[a][1], lambda ds: setattr(ds, "SOPInstanceUID", other)))
    return files, True


def other_series(rng, files):
    return each(rng, files, lambda ds: setattr(ds, "SeriesInstanceUID", "1.2.3.9"), None)


def representation(rng, files):
    return each(rng, files, lambda ds: setattr(ds, "PixelRepresentation", 1 - ds.PixelRepresentation), None)


def fewer_bits(rng, files):
    def change(ds):
        ds.BitsStored = max(8, ds.BitsStored - rng.randint(1, 4))
        ds.HighBit = ds.BitsStored - 1
    return each(rng, files, change, None)


def orders(rng, files):
    key = rng.choice(["AcquisitionNumber", "TemporalPositionIdentifier", "EchoTime", "SliceThickness", "SliceLocation"])
    return each(rng, files, lambda ds: setattr(ds, key, rng.randint(1, 90)), None)


def truncate(rng, files):
    files = list(files)
    for n in some(rng, files):
        data = files[n][1]
        files[n] = (files[n][0], data[:rng.choice([rng.randrange(len(data)), len(data) - rng.randrange(1, 600), rng.randrange(132, 3000)])])
    return files, None


def flip(rng, files):
    files = list(files)
    for n in some(rng, files):
        data = bytearray(files[n][1])
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(min(len(data), 3000)) if rng.random() < 0.8 else rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
        files[n] = (files[n][0], bytes(data))
    return files, None


KINDS = [delete_inner, delete_ends, duplicate, duplicate_renamed, duplicate_other_pixels, shuffle_numbers, rename,
         move_along, move_aside, turn, spacing, rows, rescale, frame_of_reference, patient, no_position, namesake,
         other_series, representation, fewer_bits, orders, truncate, truncate, flip, flip, flip]


def is_pet(files):
    return pydicom.dcmread(pydicom.filebase.DicomBytesIO(files[0][1]), stop_before_pixels=True).Modality == "PT"


def truth(path):
    """What the bytes of one file say; None when pydicom cannot read it as an image."""
    try:
        ds = pydicom.dcmread(path)
        o = np.array(ds.get("ImageOrientationPatient", [1, 0, 0, 0, 1, 0]), float)
        r, c = o[:3] / np.linalg.norm(o[:3]), o[3:] / np.linalg.norm(o[3:])
        out = {
            "position": np.array(ds.get("ImagePositionPatient", [0, 0, 0]), float), "row": r, "column": c,
            "spacing": [float(v) for v in ds.get("PixelSpacing", [1, 1])], "rows": int(ds.Rows), "columns": int(ds.Columns),
            "placed": "ImageOrientationPatient" in ds and "ImagePositionPatient" in ds, "sized": "PixelSpacing" in ds,
        }
        raw = np.frombuffer(ds.PixelData, "<u2" if ds.BitsAllocated == 16 else "u1") if not ds.file_meta.TransferSyntaxUID.is_compressed else ds.pixel_array.ravel()
        raw = raw[:out["rows"] * out["columns"]].astype(np.int64)
        shift = int(ds.HighBit) + 1 - int(ds.BitsStored)
        stored = (raw >> shift) & ((1 << int(ds.BitsStored)) - 1)
        if ds.PixelRepresentation == 1:
            stored = np.where(stored >> (int(ds.BitsStored) - 1), stored - (1 << int(ds.BitsStored)), stored)
        out["stored"] = stored
        slope = float(ds.get("RescaleSlope", 1) or 1)
        out["values"] = stored * slope + float(ds.get("RescaleIntercept", 0) or 0)
        pad = ds.get("PixelPaddingValue")
        if pad is not None:
            pad = int(pad)
            pad = pad - 65536 if ds.PixelRepresentation == 1 and pad > 32767 else pad
            pad = pad + 65536 if ds.PixelRepresentation == 0 and pad < 0 else pad
        out["padding"] = pad
        return out
    except Exception:
        return None


def check(item, truths):
    """Complaints about one loaded item, or None when pydicom could not judge it."""
    known = [truths.get(p) for p in item["paths"]]
    if any(t is None for t in known):
        return None
    wrong = []
    shape = item["shape"]
    n_real = shape[2] - len(item["void_slices"] or [])
    frame = known[:n_real]
    if len(known) != n_real * item["n_frames_4d"]:
        wrong.append(f"{len(known)} files on {n_real} slices of {item['n_frames_4d']} volumes")
        return wrong
    if any([t["columns"], t["rows"]] != shape[:2] for t in known):
        wrong.append("size")
    if not all(t["sized"] for t in known) and item["calibrated"]:
        wrong.append("calibrated without a pixel spacing")
    if not all(t["placed"] for t in known):
        if item["kind"] == "volume" and item["orientation_known"]:
            wrong.append("placed without a position")
    elif not all(t["sized"] for t in known):
        pass
    elif item["kind"] in ("volume", "image2d") and item["orientation_known"]:
        a = np.array(item["affine_lps"])
        normal = np.cross(a[:3, 0], a[:3, 1])
        normal /= np.linalg.norm(normal)
        real = [k for k in range(shape[2]) if k not in (item["void_slices"] or [])]
        for k, t in zip(real, frame):
            if abs(t["position"] @ normal - item["slice_positions_mm"][k]) > TOLERANCE:
                wrong.append(f"slice {k} lies {t['position'] @ normal - item['slice_positions_mm'][k]:.3f} mm off")
                break
            origin = a[:3, 3] + k * a[:3, 2] if item["uniform"] else t["position"]
            far = 0.0
            for i, j in ((0, 0), (shape[0] - 1, 0), (0, shape[1] - 1)):
                ours = origin + i * a[:3, 0] + j * a[:3, 1]
                theirs = t["position"] + i * t["spacing"][1] * t["row"] + j * t["spacing"][0] * t["column"]
                far = max(far, np.linalg.norm(ours - theirs))
            if far > TOLERANCE:
                wrong.append(f"corner of slice {k} lies {far:.3f} mm off")
                break
    if item["values"] and item["values"]["n"]:
        pads = [t["padding"] for t in known if t["padding"] is not None]
        pad = max(dict.fromkeys(pads), key=pads.count) if pads else None
        parts = [t["values"][t["stored"] != pad] if pad is not None else t["values"] for t in frame]
        all_values = np.concatenate(parts)
        factor = 1.0
        for f in (item["uptake"] or {}).get("factors", []):
            if f["unit"] == item["unit"] and f["formula"] == item["uptake"]["formula"]:
                factor = f["factor"]
        for key, value in (("min", all_values.min()), ("max", all_values.max()), ("mean", all_values.mean())):
            if abs(item["values"][key] - value * factor) > 2e-6 * max(1.0, abs(value * factor), abs(all_values.max() * factor)):
                wrong.append(f"{key} {item['values'][key]} beside {value * factor}")
    return wrong


def uneven(item, truths):
    """Whether the positions of an item's files are uneven beyond what may go unnamed."""
    a = np.array(item["affine_lps"])
    normal = np.cross(a[:3, 0], a[:3, 1])
    normal /= np.linalg.norm(normal)
    depths = sorted(truths[p]["position"] @ normal for p in item["paths"])
    gaps = np.diff(depths)
    return len(gaps) > 1 and gaps.max() - gaps.min() > 2 * max(0.011, 0.0101 * np.median(gaps)) 


def messages(items):
    return collections.Counter(w["code"] for i in items for w in i["warnings"])


def inspect(binary, folder):
    run = subprocess.run([binary, "inspect", str(folder), "--json"], capture_output=True, timeout=120)
    return run.returncode, run.stdout, run.stderr


BASELINE = {}


def one(task):
    binary, seed, kind_index, series, files, base, keep = task
    rng = random.Random(seed)
    kind = KINDS[kind_index]
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp) / "m"
        folder.mkdir()
        try:
            mutated, must = kind(rng, files)
        except Exception as e:
            return series, kind.__name__, "skipped", repr(e)
        for name, data in mutated:
            (folder / name).write_bytes(data)
        try:
            code, out, err = inspect(binary, folder)
        except subprocess.TimeoutExpired:
            return series, kind.__name__, "SILENT", f"seed {seed}: hangs"
        if b"panicked" in err:
            return series, kind.__name__, "SILENT", f"seed {seed}: panic {err[-300:]!r}"
        try:
            items = json.loads(out)["items"]
        except Exception:
            return series, kind.__name__, "SILENT", f"seed {seed}: no JSON, code {code} {err[-300:]!r}"
        truths = {str(folder / name): truth(folder / name) for name, _ in mutated}
        loaded = [i for i in items if not i["error"] and i["shape"] and i["kind"] in ("volume", "image2d", "stack")]
        wrong, unjudged = [], False
        for item in loaded:
            complaints = check(item, truths)
            unjudged |= complaints is None
            for c in complaints or []:
                own = {w["code"] for w in item["warnings"]} - set(base)
                # A named inconsistency may leave a stated rest: the grid of most slices is used.
                if not (c.startswith("corner") and "W-IOP" in own):
                    wrong.append(c)
            if complaints is not None and item["kind"] == "volume" and item["orientation_known"]:
                codes = {w["code"] for w in item["warnings"]}
                if uneven(item, truths) and not codes & {"W-GAP", "W-SPACING", "W-TILT"}:
                    wrong.append("uneven gaps without a word")
        accounted = {p for i in items for p in i["paths"]}
        named = {f for i in items for w in i["warnings"] for f in w.get("files", [])}
        lost = [n for n, _ in mutated if str(folder / n) not in accounted and n not in named]
        if lost:
            wrong.append(f"not accounted for: {lost}")
        more = messages(items) - collections.Counter(base)
        odd = bool(more) or any(i["error"] for i in items)
        if must and not odd:
            wrong.append("an inconsistency without a word")
        if wrong:
            if keep:
                shutil.copytree(folder, Path(keep) / f"{kind.__name__}_{seed}", dirs_exist_ok=True)
            return series, kind.__name__, "SILENT", f"seed {seed}: {wrong} {dict(more)}"
        if unjudged:
            return series, kind.__name__, "unjudged", ""
        if not loaded:
            return series, kind.__name__, "refused", ""
        return series, kind.__name__, "noticed" if odd else "exact", ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("series", nargs="+")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    args = parser.parse_args()
    sources = []
    for folder in args.series:
        files = load(folder)
        with tempfile.TemporaryDirectory() as temp:
            for name, data in files:
                (Path(temp) / name).write_bytes(data)
            items = json.loads(inspect(args.binary, temp)[1])["items"]
            assert len(items) == 1 and not items[0]["error"], (folder, len(items))
            assert check(items[0], {str(Path(temp) / n): truth(Path(temp) / n) for n, _ in files}) == [], folder
            sources.append((Path(folder).name, files, dict(messages(items))))
            print(folder, len(files), "files,", sources[-1][2])
    tasks = []
    for n in range(args.n):
        name, files, base = sources[n % len(sources)]
        tasks.append((args.binary, args.seed * 1_000_003 + n, (n // len(sources)) % len(KINDS), name, files, base, args.keep))
    table, silent = collections.defaultdict(collections.Counter), []
    with multiprocessing.Pool(2) as pool:
        for series, kind, outcome, detail in pool.imap_unordered(one, tasks, chunksize=8):
            table[kind][outcome] += 1
            if outcome in ("SILENT", "skipped"):
                silent.append((series, kind, outcome, detail))
    outcomes = ["exact", "noticed", "refused", "unjudged", "skipped", "SILENT"]
    print(f"{'':24}" + "".join(f"{o:>10}" for o in outcomes))
    for kind in sorted(table):
        print(f"{kind:24}" + "".join(f"{table[kind][o]:>10}" for o in outcomes))
    print(f"{'all':24}" + "".join(f"{sum(t[o] for t in table.values()):>10}" for o in outcomes))
    for line in silent[:60]:
        print(*line)
    sys.exit(any(s[2] == "SILENT" for s in silent))


if __name__ == "__main__":
    main()
