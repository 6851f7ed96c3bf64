"""Peers of `oncotwin bench load`.

load.py read FOLDER REPEATS          seconds SimpleITK (GDCM inside) takes for a series, as JSON
load.py compress FROM TO SYNTAX      a copy of a series with compressed pixels
"""

import json
import statistics
import sys
import time
from pathlib import Path


def read(folder, repeats):
    import SimpleITK as sitk

    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(folder)
        names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder, series[0])
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(names)
        image = reader.Execute()
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "seconds": statistics.median(seconds),
                "version": sitk.Version.VersionString(),
                "size": image.GetSize(),
            }
        )
    )


def compress(source, target, syntax):
    import pydicom
    from pydicom import uid

    names = {
        "rle": uid.RLELossless,
        "jpegls": uid.JPEGLSLossless,
        "j2k": uid.JPEG2000Lossless,
    }
    Path(target).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(source).iterdir()):
        image = pydicom.dcmread(path)
        image.compress(names[syntax], generate_instance_uid=False)
        image.save_as(Path(target) / path.name)


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "read":
        read(rest[0], int(rest[1]))
    else:
        compress(*rest)
