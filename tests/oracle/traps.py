"""Writes small DICOM files for traps that no public data set holds, and what a correct reader says.

Usage: python traps.py OUT_DIR

OUT_DIR gets traps.zip (a folder for each case) and expected.json. Expectations are computed from the
arrays that go into the files, with numpy alone. The output does not depend on time or machine.
Needs pydicom, numpy and highdicom.
"""

import io
import copy
import json
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

warnings.filterwarnings("ignore")
CT, MR, PT = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "128"))
ROWS, COLS = 12, 16
FILES, EXPECTED = {}, {}


def uid(*parts):
    return "1.2.826.0.1.3680043.10.1.7." + ".".join(str(p) for p in parts)


class Series:
    """A series of one case; slices are added one by one."""

    def __init__(self, case, number=1, sop=CT, iop=(1, 0, 0, 0, 1, 0), spacing=(0.8, 0.8), **attributes):
        self.case, self.number, self.sop = case, number, sop
        self.iop = np.array(iop, float)
        self.spacing, self.attributes = spacing, attributes
        self.ident = sum((i + 1) * b for i, b in enumerate(case.encode()))
        self.count = 0

    def dataset(self, position, k, bits=16, signed=True, array=None, **over):
        self.count += 1
        ds = Dataset()
        ds.SOPClassUID = self.sop
        ds.SOPInstanceUID = uid(self.ident, self.number, self.count)
        ds.StudyInstanceUID = uid(self.ident, 0)
        ds.SeriesInstanceUID = uid(self.ident, self.number)
        ds.FrameOfReferenceUID = uid(self.ident, 99)
        ds.Modality = {CT: "CT", MR: "MR", PT: "PT"}[self.sop]
        ds.PatientID, ds.PatientName = "TRAP", "Trap^Case"
        ds.StudyDate, ds.StudyTime = "20240301", "120000"
        ds.SeriesNumber, ds.InstanceNumber = self.number, k + 1
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.Rows, ds.Columns = ROWS, COLS
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
        ds.PixelRepresentation = int(signed)
        ds.PixelSpacing = list(self.spacing)
        ds.ImageOrientationPatient = [f"{v:.10g}" for v in self.iop]
        ds.ImagePositionPatient = [f"{v:.10g}" for v in position]
        ds.SliceThickness = 3.0
        if self.sop == CT:
            ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, -1024, "HU"
        for key, value in {**self.attributes, **over}.items():
            if value is None:
                if key in ds:
                    delattr(ds, key)
            else:
                setattr(ds, key, value)
        stored = pixels(k) if array is None else array
        ds.PixelData = np.asarray(stored).astype("<i2" if signed else "<u2").tobytes()
        return ds

    def add(self, name, position, k, **over):
        ds = self.dataset(position, k, **over)
        write(self.case, name, ds)
        return ds


def pixels(k, offset=0):
    j, i = np.mgrid[0:ROWS, 0:COLS]
    return 900 + 10 * k + 3 * i + 5 * j + offset


def write(case, name, ds, syntax=ExplicitVRLittleEndian):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.ImplementationClassUID = uid(1)
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    FILES[f"{case}/{name}.dcm"] = out.getvalue()


def values(arrays):
    flat = np.concatenate([np.ravel(a) for a in arrays]).astype(np.float64)
    flat = flat[np.isfinite(flat)]
    return {"min": flat.min(), "max": flat.max(), "mean": flat.mean()}


def item(positions, arrays, iop=(1, 0, 0, 0, 1, 0), spacing=(0.8, 0.8), void=(), codes=(), unit="HU",
         frames=1, kind="volume", **more):
    """The expectation of one item; positions of all grid slices in order, arrays of real ones."""
    p = np.array(positions, float)
    row, col = np.array(iop[:3], float), np.array(iop[3:], float)
    normal = np.cross(row, col)
    n = len(p)
    step = (p[-1] - p[0]) / (n - 1) if n > 1 else normal * 3.0
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = row * spacing[1], col * spacing[0]
    affine[:3, 2], affine[:3, 3] = step, p[0]
    even = p[0] + np.arange(n)[:, None] * step
    return {
        "kind": kind, "shape": [COLS, ROWS, n], "n_frames_4d": frames, "void_slices": list(void),
        "affine_lps": affine.tolist(), "slice_positions_mm": (p @ normal).tolist(),
        "uniform": bool((np.linalg.norm(p - even, axis=1) <= 0.01).all()),
        "unit": unit, "values": values(arrays), "codes": sorted(codes), **more,
    }


def pictures(arrays, spacing=(0.8, 0.8), unit="HU", codes=()):
    """The expectation of images that positions do not put in order: one by one, in no millimetres."""
    p = [np.array([0.0, 0.0, k]) for k in range(len(arrays))]
    odd = ["W-ORDER", "W-ORIENT-UNKNOWN", "W-SPACING-UNKNOWN", *codes]
    return item(p, arrays, spacing=spacing, unit=unit, kind="stack", codes=odd)


def refused(error, codes=()):
    return {"error": error, "codes": sorted(codes)}


def along(n, step=3.0, start=-20.0, normal=(0, 0, 1), origin=(-6.0, -4.0, 0.0)):
    return [np.array(origin) + np.array(normal, float) * (start + k * step) for k in range(n)]


def expect(case, *items):
    EXPECTED[case] = list(items)


def hu(k):
    return pixels(k) - 1024


def geometry():
    s = Series("anisotropic", spacing=(0.5, 0.9))
    for k, p in enumerate(along(5)):
        s.add(f"{k}", p, k)
    expect("anisotropic", item(along(5), [hu(k) for k in range(5)], spacing=(0.5, 0.9)))

    s = Series("shuffled")
    order = np.random.default_rng(7).permutation(8)
    for k, p in enumerate(along(8)):
        s.add(f"{order[k]:02}", p, k, InstanceNumber=int(order[::-1][k]))
    expect("shuffled", item(along(8), [hu(k) for k in range(8)]))

    s, p = Series("missing"), along(9)
    real = [0, 1, 3, 4, 7, 8]
    for k in real:
        s.add(f"{k}", p[k], k)
    expect("missing", item(p, [hu(k) for k in real], void=(2, 5, 6), codes=["W-GAP"]))

    s, p = Series("missing_of_three", SliceThickness=5.0), along(4, step=5.0)
    for k in (0, 1, 3):
        s.add(f"{k}", p[k], k)
    expect("missing_of_three", item(p, [hu(k) for k in (0, 1, 3)], void=(2,), codes=["W-GAP"]))

    z = [0.0, 1.081, 5.083, 12.082, 16.1]
    s, p = Series("variable_gap", SliceThickness=1.0), [np.array([-6.0, -4.0, v]) for v in z]
    for k in range(5):
        s.add(f"{k}", p[k], k)
    expect("variable_gap", item(p, [hu(k) for k in range(5)], codes=["W-SPACING"]))

    s, p = Series("two_slabs"), along(3) + along(3, start=79.0)
    for k in range(6):
        s.add(f"{k}", p[k], k)
    expect("two_slabs", item(p, [hu(k) for k in range(6)], codes=["W-SPACING", "W-GAP"]))

    s = Series("overlap", SliceThickness=5.0)
    for k, p in enumerate(along(6)):
        s.add(f"{k}", p, k)
    expect("overlap", item(along(6), [hu(k) for k in range(6)], codes=["W-OVERLAP"]))

    s = Series("tilt")
    p = [np.array([-6.0, -4.0 + k * 3 * np.tan(np.radians(12)), 3.0 * k]) for k in range(6)]
    for k in range(6):
        s.add(f"{k}", p[k], k)
    expect("tilt", item(p, [hu(k) for k in range(6)], codes=["W-TILT"]))

    s, p = Series("one_slice_aside"), along(6)
    p[3] = p[3] + [4.0, 0, 0]
    for k in range(6):
        s.add(f"{k}", p[k], k)
    expect("one_slice_aside", item(p, [hu(k) for k in range(6)], codes=["W-TILT"]))

    angle = np.radians(20)
    iop = (np.cos(angle), np.sin(angle), 0, 0, 0, -1)
    normal = np.cross(iop[:3], iop[3:])
    # Instance numbers run against the normal: a reader that keeps them is left-handed.
    s, p = Series("oblique_against_the_normal", iop=iop), along(6, normal=normal)
    for k in range(6):
        s.add(f"{5 - k}", p[k], k, InstanceNumber=6 - k)
    expect("oblique_against_the_normal", item(p, [hu(k) for k in range(6)], iop=iop))

    s, p = Series("iop_jitter"), along(6)
    for k in range(6):
        jitter = 3e-4 if k == 4 else 0.0
        s.add(f"{k}", p[k], k, ImageOrientationPatient=[1, jitter, 0, -jitter, 1, 0])
    expect("iop_jitter", item(p, [hu(k) for k in range(6)], codes=[]))
    s, p = Series("iop_edited"), along(6)
    for k in range(6):
        tilt = 9e-4 if k == 4 else 0.0
        s.add(f"{k}", p[k], k, ImageOrientationPatient=[1, tilt, 0, -tilt, 1, 0])
    expect("iop_edited", item(p, [hu(k) for k in range(6)], codes=["W-IOP"]))

    s = Series("scout_inside")
    for k, p in enumerate(along(6)):
        s.add(f"a{k}", p, k)
    scout = np.array([-6.0, 0.0, 5.0])
    s.add("z", scout, 50, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
          ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    expect("scout_inside", item(along(6), [hu(k) for k in range(6)], codes=["W-SPLIT"]),
           item([scout], [hu(50)], iop=(1, 0, 0, 0, 0, -1), codes=["W-SPLIT"], kind="image2d", unit="a.u."))

    s, p = Series("spacing_conflict"), along(6)
    for k in range(6):
        s.add(f"{k}", p[k], k, **({"PixelSpacing": [0.9, 0.8]} if k == 5 else {}))
    expect("spacing_conflict", item(p[:5], [hu(k) for k in range(5)], codes=["W-SPLIT"]),
           item(p[5:], [hu(5)], spacing=(0.9, 0.8), codes=["W-SPLIT"], kind="image2d"))

    s, p = Series("frames_of_reference_mixed"), along(6)
    for k in range(6):
        s.add(f"{k}", p[k], k, **({"FrameOfReferenceUID": uid(5, 5)} if k > 3 else {}))
    expect("frames_of_reference_mixed", item(p[:4], [hu(k) for k in range(4)], codes=["W-SPLIT"]),
           item(p[4:], [hu(4), hu(5)], codes=["W-SPLIT"]))

    s, p = Series("positions_lost"), along(4)
    for k in range(4):
        s.add(f"{k}", p[k], k, ImagePositionPatient=None)
    expect("positions_lost", {"kind": "stack", "shape": [COLS, ROWS, 4], "values": values([hu(k) for k in range(4)]),
           "codes": sorted(["W-ORDER", "W-ORIENT-UNKNOWN", "W-SPACING-UNKNOWN"])})

    s, p = Series("patients_mixed"), along(6)
    for k in range(6):
        s.add(f"{k}", p[k], k, PatientID="TRAP" if k < 5 else "OTHER")
    expect("patients_mixed", item(p, [hu(k) for k in range(6)], codes=["W-PATIENT"]))


def repeats():
    p = along(5)
    for case, over in [
        ("phases_by_temporal_position", lambda n, k: {"TemporalPositionIdentifier": n + 1}),
        ("phases_by_acquisition", lambda n, k: {"AcquisitionNumber": n + 1}),
        ("phases_by_trigger", lambda n, k: {"TriggerTime": 100.0 * n + k}),
        ("phases_by_content_time", lambda n, k: {"ContentTime": f"10{n:02}00"}),
        ("phases_by_number_blocks", lambda n, k: {"InstanceNumber": n * 5 + k + 1}),
        ("phases_by_number_in_turn", lambda n, k: {"InstanceNumber": k * 3 + n + 1}),
    ]:
        s = Series(case, sop=MR)
        for n in (2, 0, 1):
            for k in range(5):
                s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), **{"InstanceNumber": 77, **over(n, k)})
        expect(case, item(p, [pixels(k) for k in range(5)], unit="a.u.", frames=3, codes=["W-4D"]))

    s = Series("phases_of_shuffled_numbers", sop=MR)
    numbers = np.random.default_rng(3).permutation(15)
    for n in range(3):
        for k in range(5):
            s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), InstanceNumber=int(numbers[n * 5 + k]))
    by_number = np.argsort(numbers)
    expect("phases_of_shuffled_numbers",
           pictures([pixels(int(at) % 5, 100 * (int(at) // 5)) for at in by_number], unit="a.u."))

    s = Series("phase_lacks_a_slice", sop=MR)
    for n in range(2):
        for k in range(5):
            if (n, k) != (1, 2):
                s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), TemporalPositionIdentifier=n + 1)
    expect("phase_lacks_a_slice",
           item(p, [pixels(k) for k in range(5)], unit="a.u.", codes=["W-SPLIT"]),
           item(p, [pixels(k, 100) for k in (0, 1, 3, 4)], unit="a.u.", void=(2,), codes=["W-GAP", "W-SPLIT"]))

    s = Series("echoes", sop=MR)
    for n, echo in enumerate((10.0, 80.0)):
        for k in range(5):
            s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), EchoTime=echo)
    expect("echoes", *[item(p, [pixels(k, 100 * n) for k in range(5)], unit="a.u.", codes=["W-SPLIT"]) for n in range(2)])

    s = Series("diffusion", sop=MR)
    for n, b in enumerate((0.0, 1000.0)):
        for k in range(5):
            s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), DiffusionBValue=b)
    expect("diffusion", item(p, [pixels(k) for k in range(5)], unit="a.u.", frames=2, codes=["W-4D"]))

    s = Series("duplicates")
    for k in range(5):
        ds = s.add(f"{k}", p[k], k)
        if k in (1, 3):
            ds.InstanceNumber = 90 + k
            ds.SOPInstanceUID = uid(12, k) if k == 3 else ds.SOPInstanceUID
            write("duplicates", f"x{k}", ds)
    expect("duplicates", item(p, [hu(k) for k in range(5)], codes=["W-DUPLICATE"]))

    s = Series("same_place_other_pixels")
    for k in range(5):
        s.add(f"{k}", p[k], k)
    s.add("x", p[2], 2, array=pixels(40), InstanceNumber=6)
    expect("same_place_other_pixels", pictures([*[hu(k) for k in range(5)], hu(40)]))

    s = Series("namesake")
    for k in range(5):
        s.add(f"{k}", p[k], k, **({"SOPInstanceUID": uid(s.ident, 1, 1)} if k == 4 else {}))
    expect("namesake", item(p, [hu(k) for k in range(5)], codes=["W-DUPLICATE"]))

    s = Series("two_series_one_uid")
    for n in range(2):
        for k in range(5):
            s.add(f"{n}{k}", p[k], k, array=pixels(k, 100 * n), SeriesNumber=n + 1, StudyInstanceUID=uid(s.ident, 50 + n))
    expect("two_series_one_uid", *[item(p, [hu(k) + 100 * n for k in range(5)], codes=["W-SPLIT"]) for n in range(2)])


def stored_values():
    p = along(5)
    s = Series("rescale_per_slice", sop=MR)
    for k in range(5):
        s.add(f"{k}", p[k], k, RescaleSlope=0.5 + 0.25 * k, RescaleIntercept=-7 * k)
    expect("rescale_per_slice", item(p, [pixels(k) * (0.5 + 0.25 * k) - 7 * k for k in range(5)], unit="a.u.", codes=["W-RESCALE"]))

    s = Series("monochrome1", PhotometricInterpretation="MONOCHROME1")
    for k in range(5):
        s.add(f"{k}", p[k], k)
    expect("monochrome1", item(p, [hu(k) for k in range(5)], inverted=True))

    s = Series("overlay_bits")
    for k in range(5):
        signed = pixels(k) - 1500
        raw = (signed & 0x0FFF) | 0xA000
        s.add(f"{k}", p[k], k, bits=12, array=raw.astype(np.uint16).view(np.int16))
    expect("overlay_bits", item(p, [pixels(k) - 1500 - 1024 for k in range(5)]))

    s = Series("padding_range", PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1990)
    arrays = []
    for k in range(5):
        a = pixels(k).astype(float)
        a[0, :4] = [-2000, -1995, -1990, -1989]
        s.add(f"{k}", p[k], k, array=a)
        arrays.append(np.where((a >= -2000) & (a <= -1990), np.nan, a) - 1024)
    expect("padding_range", item(p, arrays, codes=["W-PADDING"]))

    lut = Dataset()
    lut.LUTDescriptor, lut.ModalityLUTType = [64, 890, 16], "HU"
    table = (np.arange(64) ** 2).astype("<u2")
    lut.LUTData = table.tobytes()
    s = Series("modality_lut", ModalityLUTSequence=Sequence([lut]), RescaleSlope=None, RescaleIntercept=None, RescaleType=None)
    for k in range(5):
        s.add(f"{k}", p[k], k, signed=False)
    looked = [table[np.clip(pixels(k) - 890, 0, 63)].astype(float) for k in range(5)]
    expect("modality_lut", item(p, looked, codes=["W-RESCALE"]))

    voi = Dataset()
    voi.LUTDescriptor, voi.LUTExplanation = [4, -100, 8], "STEPS"
    voi.LUTData = np.array([0, 80, 160, 255], "<u2").tobytes()
    s = Series("windows", WindowCenter=[40, -600], WindowWidth=[400, 1500], VOILUTFunction="SIGMOID",
               WindowCenterWidthExplanation=["SOFT", "LUNG"], VOILUTSequence=Sequence([voi]))
    for k in range(5):
        s.add(f"{k}", p[k], k, **({"WindowCenter": [50, -600]} if k == 2 else {}))
    expect("windows", item(p, [hu(k) for k in range(5)], windows=[
        ["SOFT", 50, 400, "sigmoid"], ["LUNG", -600, 1500, "sigmoid"], ["SOFT", 40, 400, "sigmoid"], ["STEPS", "table"]]))

    s = Series("philips_scale", sop=MR, RescaleSlope=2.0, RescaleIntercept=10.0)
    for k in range(5):
        ds = s.dataset(p[k], k)
        block = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.004)
        write("philips_scale", f"{k}", ds)
    scale = float(np.float32(0.004))
    expect("philips_scale", item(p, [pixels(k) * 2.0 + 10 for k in range(5)], unit="a.u.",
           scalings={"raw": [1, 0], "display": [2, 10], "precise": [1 / scale, 10 / (2 * scale)]}))


def pet():
    p = along(4)
    tracer = {"dose": 3.7e8, "half": 6586.2, "start": "100000"}

    def series(case, factor, unit, codes=(), reference=None, scale=1.0, private=None, per=None, **over):
        info = Dataset()
        info.RadionuclideTotalDose, info.RadionuclideHalfLife = tracer["dose"], tracer["half"]
        info.RadiopharmaceuticalStartTime = over.pop("start", tracer["start"])
        if "injected" in over:
            info.RadiopharmaceuticalStartDateTime = over.pop("injected")
        info.RadionuclideHalfLife = over.pop("half", tracer["half"])
        base = dict(Units="BQML", DecayCorrection="START", CorrectedImage=["ATTN", "DECY"], PatientWeight=70.0,
                    PatientSize=1.75, PatientSex="M", SeriesDate="20240301", SeriesTime="110000",
                    AcquisitionDate="20240301", AcquisitionTime="110030", RescaleIntercept=0,
                    RadiopharmaceuticalInformationSequence=Sequence([info]))
        s = Series(case, sop=PT, **{**base, **over})
        for k in range(4):
            ds = s.dataset(p[k], k, **{"RescaleSlope": 0.5 + k, **(per(k) if per else {})})
            for group, creator, element, vr, value in private or []:
                ds.private_block(group, creator, create=True).add_new(element, vr, value)
            write(case, f"{k}", ds)
        arrays = [pixels(k) * (0.5 + k) * factor * scale for k in range(4)]
        more = {"decay_reference": reference} if reference else {}
        expect(case, item(p, arrays, unit=unit, codes=codes, **more))

    def suv(seconds):
        return 70_000 / (tracer["dose"] * 2 ** (-seconds / tracer["half"]))

    series("pet_start", suv(3600), "SUVbw", reference="series time")
    series("pet_admin", 70_000 / tracer["dose"], "SUVbw", DecayCorrection="ADMIN", reference="injection")
    series("pet_over_midnight", suv(3600), "SUVbw", start="233000", SeriesTime="003000", AcquisitionTime="003010",
           SeriesDate="20240302", AcquisitionDate="20240302")
    series("pet_late_series_time", suv(3630), "SUVbw", codes=["W-NOSUV"], SeriesTime="150000",
           reference="earliest acquisition time")
    series("pet_beds", suv(3600), "SUVbw", per=lambda k: {"AcquisitionTime": f"11{10 - 3 * k:02}00"})
    series("pet_late_siemens", suv(3600), "SUVbw", SeriesTime="150000", reference="scan start of the scanner",
           private=[(0x0071, "SIEMENS MED PT", 0x22, "DT", "20240301110000.000000")])
    series("pet_late_ge", suv(3600), "SUVbw", SeriesTime="150000", reference="scan start of the scanner",
           private=[(0x0009, "GEMS_PETD_01", 0x0D, "DT", "20240301110000.00")])
    series("pet_gml", 1.0, "SUVbw", Units="GML")
    series("pet_gml_lean", 1.0, "SUVlbm", Units="GML", SUVType="LBM")
    series("pet_philips", 1.0, "SUVbw", Units="CNTS", scale=0.002,
           private=[(0x7053, "Philips PET Private Group", 0x00, "DS", "0.002")])
    series("pet_philips_activity", suv(3600), "SUVbw", Units="CNTS", scale=3.0,
           private=[(0x7053, "Philips PET Private Group", 0x09, "DS", "3.0")])
    series("pet_counts", 1.0, "a.u.", Units="CNTS", codes=["W-NOSUV"])
    series("pet_no_weight", 1.0, "Bq/mL", codes=["W-NOSUV"], PatientWeight=None)
    series("pet_not_corrected", 1.0, "Bq/mL", codes=["W-NOSUV"], CorrectedImage=["DECY"])
    series("pet_injection_after_scan", 1.0, "Bq/mL", codes=["W-NOSUV"], start="190000")
    series("pet_lasting_tracer_undated", 1.0, "Bq/mL", codes=["W-NOSUV"], half=282_240.0)
    series("pet_injection_in_another_zone", suv(3600), "SUVbw", injected="20240301080000+0000",
           TimezoneOffsetFromUTC="+0200", reference="series time")
    series("pet_injection_of_unknown_zone", suv(3600), "SUVbw", injected="20240301100000+0000", codes=["W-NOSUV"])
    series("pet_headers_differ", 1.0, "Bq/mL", codes=["W-NOSUV"], per=lambda k: {"PatientWeight": 70.0 + (k == 2)})


    s = Series("pet_without_rescale", sop=PT, Units="BQML", CorrectedImage=["ATTN", "DECY"], PatientWeight=70.0)
    for k in range(4):
        s.add(f"{k}", p[k], k)
    expect("pet_without_rescale", item(p, [pixels(k) for k in range(4)], unit="a.u.",
                                       codes=["W-NOSUV", "W-RESCALE"]))


def mixtures():
    p, q = along(8, step=5.0), along(8, step=5.0, start=-17.5)
    both = [("a", p, 0), ("b", q, 200)]

    def parts(case, over, codes, sop=CT, unit="HU", rise=-1024):
        s = Series(case, sop=sop)
        for part, positions, offset in both:
            for k in range(8):
                s.add(f"{part}{k}", positions[k], k, array=pixels(k, offset), **over(part))
        expect(case, *[item(positions, [pixels(k, offset) + rise for k in range(8)], unit=unit, codes=codes)
                       for _, positions, offset in both])

    parts("two_studies_one_series", lambda part: {"StudyInstanceUID": uid(77, ord(part))}, ["W-SPLIT"])
    parts("two_patients_one_series", lambda part: {"PatientID": f"TRAP-{part}"}, ["W-FOR", "W-PATIENT", "W-SPLIT"])
    parts("weightings_interleaved", lambda part: {"DiffusionBValue": 0.0 if part == "a" else 1000.0}, ["W-SPLIT"],
          sop=MR, unit="a.u.", rise=0)
    parts("contrast_interleaved", lambda part: {"ContrastBolusAgent": "Gd"} if part == "b" else {}, ["W-SPLIT"])

    s = Series("study_uids_at_random")
    for k in range(8):
        s.add(f"{k}", p[k], k, StudyInstanceUID=uid(78, k))
    expect("study_uids_at_random", item(p, [hu(k) for k in range(8)], codes=["W-SPLIT"]))


def torn():
    p = along(5)
    for case, broken in (
        ("rescale_without_intercept", {"RescaleIntercept": None}),
        ("rescale_with_comma", {"RescaleIntercept": b"-1024,0 "}),
    ):
        s = Series(case)
        for k in range(5):
            ds = s.dataset(p[k], k, **({} if case == "rescale_with_comma" else broken))
            write(case, f"{k}", ds)
            if case == "rescale_with_comma":
                name = f"{case}/{k}.dcm"
                good = b"DS\x08\x00-1024.0 "
                assert FILES[name].count(good) == 1
                FILES[name] = FILES[name].replace(good, b"DS\x08\x00-1024,0 ")
        expect(case, item(p, [pixels(k) for k in range(5)], unit="a.u.", codes=["W-RESCALE"]))

    s = Series("padding_beyond_stored_bits", PixelPaddingValue=-2000)
    arrays = []
    for k in range(5):
        stored = pixels(k)
        stored[0] = -2000
        ds = s.dataset(p[k], k, bits=12, array=stored & 0xFFF, signed=True)
        ds["PixelPaddingValue"].VR = "SS"
        write("padding_beyond_stored_bits", f"{k}", ds)
        arrays.append(np.where(stored == -2000, np.nan, stored - 1024.0))
    expect("padding_beyond_stored_bits", item(p, arrays, codes=["W-PADDING"]))


def text():
    for case, declared, raw, name, codes in [
        ("text_japanese", ["", "ISO 2022 IR 87"],
         b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
         "Yamada^Tarou=山田^太郎=やまだ^たろう", []),
        ("text_korean", ["", "ISO 2022 IR 149"],
         b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
         "Hong^Gildong=洪^吉洞=홍^길동", []),
        ("text_gb18030", "GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东", []),
        ("text_gbk_backslash", "GBK", "乗^誠".encode("gbk"), "乗^誠", []),
        ("text_utf8", "ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東", []),
        ("text_latin", "ISO_IR 100", "Buc^Jérôme".encode("latin1"), "Buc^Jérôme", []),
        ("text_undeclared", None, "Buc^Jérôme".encode("latin1"), "Buc^J\ufffdr\ufffdme", ["W-CHARSET"]),
    ]:
        for implicit in (False, True):
            full = case + ("_implicit" if implicit else "")
            s = Series(full)
            ds = s.dataset(along(1)[0], 0)
            # A placeholder of the same length keeps the writer from encoding.
            raw_even = raw + b" " * (len(raw) % 2)
            ds.PatientName = "#" * len(raw_even)
            if declared is not None:
                ds.SpecificCharacterSet = declared
            write(full, "0", ds, ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
            data = FILES[f"{full}/0.dcm"]
            assert data.count(b"#" * len(raw_even)) == 1, full
            FILES[f"{full}/0.dcm"] = data.replace(b"#" * len(raw_even), raw_even)
            expect(full, {"kind": "image2d", "patient_name": name, "codes": codes})


def enhanced():
    """Enhanced twins by highdicom must equal their classic originals."""
    from highdicom.legacy import LegacyConvertedEnhancedCTImage, LegacyConvertedEnhancedMRImage

    for case, sop, convert, unit in [
        ("enhanced_twin_ct", CT, LegacyConvertedEnhancedCTImage, "HU"),
        ("enhanced_twin_mr", MR, LegacyConvertedEnhancedMRImage, "a.u."),
    ]:
        iop = (0.96, 0.28, 0, 0, 0, -1)
        normal = np.cross(iop[:3], iop[3:])
        p = along(6, normal=normal)
        s = Series(case, sop=sop, iop=iop, spacing=(0.7, 0.9))
        rescale = lambda k: {"RescaleSlope": 1 + 0.5 * k, "RescaleIntercept": -1024} if sop == MR else {}
        sources = []
        for k in (3, 0, 5, 1, 4, 2):
            ds = s.dataset(p[k], k, AcquisitionNumber=1, StudyID="1", AccessionNumber="", PatientBirthDate="", PatientSex="",
                           ReferringPhysicianName="", Manufacturer="", PositionReferenceIndicator="", Laterality="",
                           PatientPosition="HFS", ContentDate="20240301", ContentTime="120000", AcquisitionDate="20240301",
                           AcquisitionTime="120000", BurnedInAnnotation="NO", **rescale(k))
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            sources.append(ds)
        twin = convert(sources, series_instance_uid=uid(s.ident, 5), series_number=5,
                       sop_instance_uid=uid(s.ident, 5, 1), instance_number=1)
        for tag in ("ContentDate", "ContentTime", "InstanceCreationDate", "InstanceCreationTime"):
            setattr(twin, tag, "20240301" if tag.endswith("Date") else "120000")
        twin.StudyDate, twin.StudyTime = "20240301", "120000"
        # What highdicom draws at random or takes from sets.
        for keyword in ("ContributingEquipmentSequence", "ReferencedSeriesSequence"):
            if keyword in twin:
                delattr(twin, keyword)
        for part in (*twin.DimensionOrganizationSequence, *twin.DimensionIndexSequence):
            part.DimensionOrganizationUID = uid(s.ident, 7)
        write(case, "twin", twin)
        arrays = [pixels(k) * rescale(k)["RescaleSlope"] - 1024 if sop == MR else hu(k) for k in range(6)]
        expect(case, item(p, arrays, iop=iop, spacing=(0.7, 0.9), unit=unit,
                          codes=["W-RESCALE"] if sop == MR else []))
        if sop == CT:
            stacks = copy.deepcopy(twin)
            stacks.SeriesInstanceUID, stacks.SOPInstanceUID = uid(s.ident, 8), uid(s.ident, 8, 1)
            stacks.file_meta.MediaStorageSOPInstanceUID = stacks.SOPInstanceUID
            for frame in stacks.PerFrameFunctionalGroupsSequence:
                at = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float) @ normal
                upper = at > np.array(p[2]) @ normal + 1
                frame.FrameContentSequence[0].StackID = "2" if upper else "1"
            write("enhanced_two_stacks", "both", stacks)
            expect("enhanced_two_stacks", *[
                item(p[part], arrays[part], iop=iop, spacing=(0.7, 0.9), unit=unit, codes=["W-SPLIT"])
                for part in (slice(0, 3), slice(3, 6))])


def main(out):
    for part in (geometry, repeats, stored_values, pet, mixtures, torn, text, enhanced):
        part()
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / "traps.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(FILES):
            archive.writestr(zipfile.ZipInfo(name), FILES[name], zipfile.ZIP_DEFLATED)
    expected = json.dumps(EXPECTED, indent=1, ensure_ascii=False, sort_keys=True, default=float)
    (out / "expected.json").write_text(expected + "\n")
    print(len(EXPECTED), "cases,", len(FILES), "files")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
