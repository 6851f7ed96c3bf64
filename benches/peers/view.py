"""Peers of `oncotwin bench view`.

view.py registration JOBS            SimpleITK aligns pairs of images; JOBS is a JSON list of
                                     {"fixed", "moving", "metric", "same_frame"}; answers a list of
                                     {"seconds", "matrix"}, the matrix mapping fixed to moving points, LPS
view.py reformat JOB                 SimpleITK cuts planes out of an image; JOB says which, and where the
                                     values go; answers the time in ms
view.py transform FILE POINTS        where SimpleITK's reading of a transform file puts points
"""

import json
import sys
import time


def registered(job):
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    fixed = sitk.ReadImage(job["fixed"], sitk.sitkFloat32)
    moving = sitk.ReadImage(job["moving"], sitk.sitkFloat32)
    start = time.perf_counter()
    if job["same_frame"]:
        middle = [(n - 1) / 2 for n in fixed.GetSize()]
        initial = sitk.Euler3DTransform(
            fixed.TransformContinuousIndexToPhysicalPoint(middle)
        )
    else:
        initial = sitk.CenteredTransformInitializer(
            fixed,
            moving,
            sitk.Euler3DTransform(),
            sitk.CenteredTransformInitializerFilter.GEOMETRY,
        )
    method = sitk.ImageRegistrationMethod()
    if job["metric"] == "ncc":
        method.SetMetricAsCorrelation()
    else:
        method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel([0.2, 0.05, 0.01], seed=1)
    method.SetInterpolator(sitk.sitkLinear)
    # Plain gradient descent, as in the tutorials, stops millimetres short on these images.
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0,
        minStep=1e-3,
        numberOfIterations=300,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-8,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(initial, inPlace=False)
    found = method.Execute(fixed, moving)
    seconds = time.perf_counter() - start
    origin = found.TransformPoint((0.0, 0.0, 0.0))
    columns = [
        [a - o for a, o in zip(found.TransformPoint(axis), origin)]
        for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    ]
    matrix = [
        [columns[0][r], columns[1][r], columns[2][r], origin[r]] for r in range(3)
    ]
    return {"seconds": seconds, "matrix": matrix}


def registration(path):
    answers = []
    with open(path, encoding="utf-8") as file:
        jobs = json.load(file)
    for job in jobs:
        try:
            answers.append(registered(job))
        except RuntimeError as error:
            answers.append({"error": str(error).strip().splitlines()[-1]})
    print(json.dumps(answers))


def transform(path, points):
    import SimpleITK as sitk

    found = sitk.ReadTransform(path)
    with open(points, encoding="utf-8") as file:
        print(json.dumps([found.TransformPoint(p) for p in json.load(file)]))


def reformat(path):
    import numpy as np
    import SimpleITK as sitk

    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(job["threads"])
    values = np.fromfile(job["image"], dtype="<i2").reshape(job["shape"][::-1])
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(job["spacing"])
    axes = [np.array(job[name]) for name in ("right", "down", "next")]
    lengths = [float(np.linalg.norm(axis)) for axis in axes]
    resample = sitk.ResampleImageFilter()
    resample.SetSize(job["size"])
    resample.SetOutputOrigin(job["origin"])
    resample.SetOutputSpacing(lengths)
    units = np.stack([axis / length for axis, length in zip(axes, lengths)], axis=1)
    resample.SetOutputDirection(units.flatten().tolist())
    resample.SetInterpolator(sitk.sitkLinear)
    resample.SetOutputPixelType(sitk.sitkFloat32)
    empty = -1e30 if job["largest"] else float("nan")
    resample.SetDefaultPixelValue(empty)

    def draw():
        box = resample.Execute(image)
        return sitk.MaximumProjection(box, 2) if job["largest"] else box

    found = draw()
    times = []
    for _ in range(job["repeats"]):
        start = time.perf_counter()
        found = draw()
        times.append((time.perf_counter() - start) * 1e3)
    values = sitk.GetArrayFromImage(found).astype("<f4")
    values[values <= -1e30] = float("nan")
    values.tofile(job["out"])
    print(json.dumps({"ms": sorted(times)[len(times) // 2]}))


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    modes = {
        "reformat": reformat,
        "registration": registration,
        "transform": transform,
    }
    modes[verb](*rest)
