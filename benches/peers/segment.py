"""Peers of `oncotwin bench segment`.

segment.py rasterise SERIES SET REGION OUT     one region of a structure set as a label map
segment.py connected JOBS                      ITK's ConfidenceConnected on the same prompts, as JSON
"""

import json
import sys
import time

import numpy as np
import SimpleITK as sitk


def rasterise(series, structures, region, out):
    """Pixels whose centre lies within an odd number of contours of their slice."""
    import pydicom

    reader = sitk.ImageSeriesReader()
    names = max(
        (
            sitk.ImageSeriesReader.GetGDCMSeriesFileNames(series, uid)
            for uid in sitk.ImageSeriesReader.GetGDCMSeriesIDs(series)
        ),
        key=len,
    )
    reader.SetFileNames(names)
    image = reader.Execute()
    # The reader assumes even slices; contours go by each slice's own position.
    heights = [float(pydicom.dcmread(n, stop_before_pixels=True).ImagePositionPatient[2]) for n in names]
    marked = np.zeros(image.GetSize()[::-1], dtype=np.uint8)
    rows, columns = np.mgrid[0 : marked.shape[1], 0 : marked.shape[2]]
    if not np.allclose(image.GetDirection()[:6], [1, 0, 0, 0, 1, 0], atol=1e-3):
        sys.exit("only slices across the body are read")
    x0, y0, _ = image.GetOrigin()
    dx, dy, _ = image.GetSpacing()
    x, y = x0 + columns * dx, y0 + rows * dy
    dataset = pydicom.dcmread(structures)
    number = next(
        r.ROINumber for r in dataset.StructureSetROISequence if r.ROIName == region
    )
    roi = next(
        r for r in dataset.ROIContourSequence if r.ReferencedROINumber == number
    )
    for contour in roi.ContourSequence:
        points = np.array([float(v) for v in contour.ContourData]).reshape(-1, 3)
        k = int(np.argmin([abs(z - points[0, 2]) for z in heights]))
        if abs(heights[k] - points[0, 2]) > 0.5:
            sys.exit("a contour lies in no slice")
        inside = np.zeros(x.shape, dtype=bool)
        ahead = np.roll(points, -1, axis=0)
        for (ax, ay, _), (bx, by, _) in zip(points, ahead):
            if ay == by:
                continue
            crosses = (ay > y) != (by > y)
            inside ^= crosses & (x < ax + (y - ay) * (bx - ax) / (by - ay))
        marked[k] ^= inside.astype(np.uint8)
    label = sitk.GetImageFromArray(marked)
    label.CopyInformation(image)
    sitk.WriteImage(label, out, True)


def connected(jobs):
    """Dice of the best of four multipliers: seeds along the middle of the drawn line."""
    answers = []
    with open(jobs) as told:
        listed = json.load(told)
    for job in listed:
        image = sitk.Cast(sitk.ReadImage(job["image"]), sitk.sitkFloat32)
        reference = sitk.GetArrayFromImage(sitk.ReadImage(job["reference"])) > 0
        best, start = 0.0, time.perf_counter()
        for multiplier in (1.5, 2.0, 2.5, 3.0):
            made = sitk.ConfidenceConnected(
                image,
                seedList=job["seeds"],
                numberOfIterations=4,
                multiplier=multiplier,
                initialNeighborhoodRadius=1,
                replaceValue=1,
            )
            made = sitk.GetArrayFromImage(made) > 0
            total = made.sum() + reference.sum()
            best = max(best, 2.0 * (made & reference).sum() / total)
        answers.append({"dice": best, "seconds": (time.perf_counter() - start) / 4})
    print(json.dumps(answers))


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "rasterise":
        rasterise(*rest)
    else:
        connected(*rest)
