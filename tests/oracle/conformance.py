#!/usr/bin/env python3
"""Writes docs/conformance.md: what OncoTwin says of every data set, beside three other programs.

    conformance.py --oncotwin target/release/oncotwin --data ../shared/data --out docs/conformance.md

Needs pydicom, nibabel, SimpleITK, numpy and dcm2niix (benches/peers/install.sh makes such an
environment), tar and zstd. Every case is one folder of slices or one file. A peer that crashes or
takes more than two minutes is reported as that.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

BYSTANDERS = {
    ".md", ".txt", ".json", ".csv", ".tsv", ".rst", ".html", ".xml", ".py", ".bval", ".bvec",
    ".zst", ".png", ".jpg", ".xlsx", ".toml", ".yaml", ".yml", ".pdf", ".gz.md5", ".sh", ".dump",
}  # fmt: skip
VOLUME_FILES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
DATA_OF_PAIRS = (".img", ".img.gz", ".raw", ".zraw", ".raw.gz")
PEER_SECONDS = 120


def is_volume_file(path):
    return path.name.lower().endswith(VOLUME_FILES)


def is_candidate(path):
    name = path.name.lower()
    if name.startswith(("license", "readme", "provenance", ".")) or name.endswith(DATA_OF_PAIRS):
        return False
    return path.suffix.lower() not in BYSTANDERS


def cases(root, one_file_each):
    """Folders of slices and single files, in order."""
    for folder in sorted([root, *(p for p in root.rglob("*") if p.is_dir())]):
        files = sorted(p for p in folder.iterdir() if p.is_file() and is_candidate(p))
        volumes = [p for p in files if is_volume_file(p)]
        slices = [p for p in files if not is_volume_file(p)]
        if slices and not one_file_each:
            if len(slices) == 1 or not volumes:
                yield folder if len(slices) > 1 else slices[0], slices
            else:
                for path in slices:
                    yield path, [path]
        else:
            for path in slices:
                yield path, [path]
        for path in volumes:
            yield path, [path]


def corners(affine, shape, backwards=False):
    """The centres of the first and the last voxel, LPS mm; `backwards`: slices counted from the last."""
    affine = np.asarray(affine, float)
    first, last = [0, 0, 0], [n - 1 for n in shape[:3]]
    if backwards:
        first[2], last[2] = last[2], first[2]
    return np.array([(affine @ np.array([*p, 1.0]))[:3] for p in (first, last)])


def ours(binary, paths):
    done = subprocess.run(
        [binary, "inspect", "--json", *map(str, paths)], capture_output=True, text=True, timeout=600
    )
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [], f"**no answer** (exit code {done.returncode})"
    if "items" not in answer:
        return [], f"refused ({answer['error']['code']})"
    items = [i for i in answer["items"] if i["kind"] != "other" or i.get("error")]
    words = []
    for item in items:
        codes = sorted({w["code"] for w in item["warnings"]})
        if item.get("error"):
            word = f"refused ({item['error']['code']})"
        elif codes:
            word = f"{item['kind']}, warned ({', '.join(codes)})"
        else:
            word = f"{item['kind']}, loaded"
        words.append(word)
    counted = [f"{words.count(w)} × {w}" if words.count(w) > 1 else w for w in dict.fromkeys(words)]
    return items, "; ".join(counted) or "nothing to load"


def sitk_read(paths):
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    images = []
    if len(paths) == 1:
        images.append(sitk.ReadImage(paths[0]))
    else:
        folder = os.path.dirname(paths[0])
        for series in sitk.ImageSeriesReader.GetGDCMSeriesIDs(folder):
            names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder, series)
            images.append(sitk.ReadImage(names))
        if not images:
            raise RuntimeError("no series found")
    answer = []
    for image in images:
        size = (list(image.GetSize()) + [1, 1])[:3]
        entry = {"shape": size, "colour": image.GetNumberOfComponentsPerPixel() > 1}
        if image.GetDimension() >= 3:
            index = [[0] * image.GetDimension(), [n - 1 for n in size[:3]] + [0] * (image.GetDimension() - 3)]
            entry["corners"] = [list(image.TransformIndexToPhysicalPoint(i))[:3] for i in index]
        if not entry["colour"]:
            values = sitk.GetArrayViewFromImage(image)
            if values.ndim == 4:
                values = values[0]
            if not np.iscomplexobj(values):
                entry["min"], entry["max"] = float(values.min()), float(values.max())
        answer.append(entry)
    return answer


def python_read(paths):
    """pydicom or nibabel: how many files give pixels, and the first error."""
    if is_volume_file(Path(paths[0])):
        import nibabel

        image = nibabel.load(paths[0])
        np.asanyarray(image.dataobj)
        return f"nibabel: {'×'.join(map(str, image.shape))}"
    import warnings

    import pydicom

    warnings.simplefilter("ignore")
    good, first = 0, None
    for path in paths:
        try:
            pydicom.dcmread(path, force=True).pixel_array
            good += 1
        except Exception as error:  # whatever it is, it is the peer's answer
            first = first or type(error).__name__
    if good == len(paths):
        return f"{good} of {len(paths)}"
    return f"{good} of {len(paths)} ({first})"


def dcm2niix_read(paths, out):
    folder = Path(paths[0]).parent
    target = str(folder) if len(paths) > 1 else paths[0]
    command = ["dcm2niix", "-b", "n", "-z", "n", "-o", out, "-f", "%s_%p_%t"]
    command += ["-s", "y", target] if len(paths) == 1 else [target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_SECONDS)
    text = (done.stdout + done.stderr).replace(f"{folder}{os.sep}", "")
    n = len([p for p in os.listdir(out) if p.endswith(".nii")])
    warned = sorted({re.sub(r"\d[\d.]*", "…", w.strip())[:60] for w in re.findall(r"Warning: (.*)", text)})
    word = f"{n} file{'s' if n != 1 else ''}" if n else f"none (exit code {done.returncode})"
    return word + (f"; warns: {warned[0]}" if warned else "")


class Peers:
    """Runs peers in a process that may die."""

    def __init__(self):
        self.pool = None

    def run(self, work, *arguments):
        self.pool = self.pool or ProcessPoolExecutor(max_workers=1)
        try:
            return self.pool.submit(work, *arguments).result(timeout=PEER_SECONDS)
        except BrokenProcessPool:
            self.pool = None
            return "**crashed**"
        except TimeoutError:
            for process in self.pool._processes.values():
                process.kill()
            self.pool = None
            return "**hangs**"
        except Exception as error:  # the peer refused
            return f"refused ({type(error).__name__})"


def beside(items, theirs):
    """What SimpleITK gives, and how far it is from ours."""
    if isinstance(theirs, str):
        return theirs
    words = []
    for entry in theirs:
        word = "×".join(map(str, entry["shape"]))
        if entry["colour"]:
            word += " colour"
        mine = [i for i in items if i.get("shape") == entry["shape"] and i.get("affine_lps")]
        if mine and "corners" in entry:
            far, reverse = (
                min(
                    float(np.abs(corners(i["affine_lps"], i["shape"], backwards) - np.array(entry["corners"])).max())
                    for i in mine
                )
                for backwards in (False, True)
            )
            if far <= 0.01:
                word += ", same place"
            elif reverse <= 0.01:
                word += ", same place, slices in reverse"
            else:
                word += f", **{min(far, reverse):.2f} mm apart**"
            if "min" in entry and mine[0].get("values"):
                value = mine[0]["values"]
                near = lambda a, b: a is not None and abs(a - b) <= 1e-4 * max(1, abs(a), abs(b))
                if not (near(value["min"], entry["min"]) and near(value["max"], entry["max"])):
                    word += f", values {entry['min']:g}…{entry['max']:g} (ours {value['min']}…{value['max']} {mine[0]['unit']})"
        words.append(word)
    counted = [f"{words.count(w)} × {w}" if words.count(w) > 1 else w for w in dict.fromkeys(words)]
    return "; ".join(counted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--oncotwin", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--sets", default="[AB]*", help="pattern of folder names")
    arguments = parser.parse_args()
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    peers = Peers()
    sections, totals = [], {"loaded": 0, "warned": 0, "refused": 0, "other": 0}
    for folder in sorted(arguments.data.glob(arguments.sets)):
        if not folder.is_dir():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            packed = folder / "data.tar.zst"
            root = folder
            if packed.exists():
                subprocess.run(["tar", "--zstd", "-xf", packed, "-C", scratch], check=True)
                root = Path(scratch)
            rows = []
            one_file_each = folder.name.startswith(("A7", "A8", "B7", "B8")) or "ts" in folder.name.split("_")
            for place, paths in cases(root, one_file_each):
                names = [str(p) for p in paths]
                items, answer = ours(arguments.oncotwin, names)
                for word, key in (("refused", "refused"), ("warned", "warned"), ("loaded", "loaded")):
                    if word in answer:
                        totals[key] += 1
                        break
                else:
                    totals["other"] += 1
                theirs = beside(items, peers.run(sitk_read, names))
                python = peers.run(python_read, names)
                niix = "not its format"
                if not is_volume_file(Path(names[0])):
                    out = tempfile.mkdtemp()
                    niix = peers.run(dcm2niix_read, names, out)
                    shutil.rmtree(out, ignore_errors=True)
                label = str(place.relative_to(root)) if place != root else "."
                rows.append((f"`{label}`" + (f" ({len(names)} files)" if len(names) > 1 else ""), answer, theirs, python, niix))
                print(folder.name, label, "→", answer, file=sys.stderr)
        table = "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows)
        sections.append(
            f"## {folder.name}\n\n| case | OncoTwin | SimpleITK | pydicom or nibabel | dcm2niix |\n|---|---|---|---|---|\n{table}\n"
        )
    import SimpleITK
    import nibabel
    import pydicom

    niix = subprocess.run(["dcm2niix", "--version"], capture_output=True, text=True).stdout
    version = re.search(r"v1\S+", niix)
    ours_version = subprocess.run([arguments.oncotwin, "--version"], capture_output=True, text=True).stdout.strip()
    n = sum(totals.values())
    arguments.out.write_text(
        "# Conformance\n\n"
        "Written by `tests/oracle/conformance.py`; not edited by hand. A case is a folder of slices or a single file. "
        "“Same place” means that the centres of the first and the last voxel agree within 0.01 mm, “apart” that they "
        "do not: SimpleITK has one spacing for all slices and knows no shear; values are "
        "compared by minimum and maximum of the first volume. The codes are explained in [warnings](warnings.md).\n\n"
        f"{ours_version}, SimpleITK {SimpleITK.__version__}, pydicom {pydicom.__version__}, nibabel {nibabel.__version__}, "
        f"dcm2niix {version.group(0) if version else 'unknown'}.\n\n"
        f"{n} cases: {totals['loaded']} loaded exactly, {totals['warned']} loaded with named warnings, "
        f"{totals['refused']} refused wholly or in part, {totals['other']} hold nothing to load.\n\n" + "\n".join(sections)
    )


if __name__ == "__main__":
    main()
