"""Writes the seeds of the fuzz targets: python seeds.py, with pydicom, numpy and highdicom.

Files of the raw formats are those of tests/data/raw_formats.
"""

import copy
import io
import pathlib
import shutil
import struct

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage, DeflatedExplicitVRLittleEndian, EnhancedMRImageStorage, ExplicitVRBigEndian,
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, MediaStorageDirectoryStorage,
    PositronEmissionTomographyImageStorage, RLELossless, RTStructureSetStorage,
)

HERE = pathlib.Path(__file__).parent
RAW = HERE.parent / "tests" / "data" / "raw_formats"
ROOT = "1.2.826.0.1.3680043.8.498.1"
RAW_SEEDS = {
    "nifti": [
        "i2_little.nii", "f8_big.nii", "second.nii", "second.nii.gz", "wide_labels.nii", "four.nii",
        "no_codes.nii", "qfac.nii",
    ],
    "nrrd": [
        "i2_little.nrrd", "f4_gzip.nrrd", "i2_bzip2.nrrd", "u8_ascii.nrrd", "i2_hex.nrrd",
        "slicer.seg.nrrd", "spacings.nrrd", "vector_first.nrrd", "frame_and_keys.nrrd",
    ],
    "metaimage": [
        "i2_big.mha", "f4_zlib.mha", "u1_ascii.mha", "four_d.mha", "channels.mha", "two_d.mha",
        "old_keys.mha",
    ],
}


def dataset(sop_class, n):
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, f"{ROOT}.9.{n}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.2"
    ds.FrameOfReferenceUID = f"{ROOT}.3"
    ds.PatientID, ds.PatientName, ds.StudyDate = "seed", "Seed", "20240301"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = "120000"
    ds.SeriesDate = ds.AcquisitionDate = "20240301"
    return ds


def image(sop_class, modality, n):
    ds = dataset(sop_class, n)
    ds.Modality, ds.InstanceNumber = modality, n
    ds.Rows, ds.Columns, ds.SamplesPerPixel = 4, 5, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 1
    ds.PixelSpacing, ds.ImageOrientationPatient = [0.9, 0.7], [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-3, 4, 2.5 * n]
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.WindowCenter, ds.WindowWidth = [40, 300], [400, 1500]
    ds.PixelData = ((np.arange(20) * 31 + n) % 2000).astype("<i2").tobytes()
    return ds


def encoded(ds, syntax=ExplicitVRLittleEndian):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    file = FileDataset(None, copy.deepcopy(ds), file_meta=meta, preamble=b"\0" * 128)
    if syntax == RLELossless:
        file.compress(RLELossless, generate_instance_uid=False)
    if syntax == ExplicitVRBigEndian and "PixelData" in ds:
        file.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, file, enforce_file_format=True, little_endian=None, implicit_vr=None)
    return out.getvalue()


def item(**values):
    ds = Dataset()
    for key, value in values.items():
        setattr(ds, key, value)
    return ds


def pet(n):
    ds = image(PositronEmissionTomographyImageStorage, "PT", n)
    ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
    ds.PatientWeight, ds.PatientSize, ds.PatientSex = 70, 1.75, "M"
    ds.RescaleSlope, ds.RescaleIntercept = 2 + n, 0
    ds.RadiopharmaceuticalInformationSequence = Sequence([item(
        RadionuclideTotalDose=3.7e8, RadionuclideHalfLife=6586.2,
        RadiopharmaceuticalStartTime="110000",
    )])
    return ds


def enhanced():
    ds = image(EnhancedMRImageStorage, "MR", 1)
    del ds.PixelSpacing, ds.ImageOrientationPatient, ds.ImagePositionPatient
    ds.NumberOfFrames = 3
    ds.PixelData = ds.PixelData * 3
    ds.SharedFunctionalGroupsSequence = Sequence([item(
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.9, 0.7], SliceThickness=2)]),
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
    )])
    ds.PerFrameFunctionalGroupsSequence = Sequence([
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 2 * n])]))
        for n in range(3)
    ])
    return ds


def structures():
    ds = dataset(RTStructureSetStorage, 8)
    ds.Modality = "RTSTRUCT"
    ds.StructureSetROISequence = Sequence([item(
        ROINumber=1, ReferencedFrameOfReferenceUID=f"{ROOT}.3", ROIName="GTV",
    )])
    contour = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=3,
        ContourData=[0, 0, 2.5, 2, 0, 2.5, 2, 2, 2.5],
    )
    ds.ROIContourSequence = Sequence([item(ReferencedROINumber=1, ContourSequence=Sequence([contour]))])
    return ds


def directory():
    ds = dataset(MediaStorageDirectoryStorage, 1)
    ds.FileSetID = "SEED"
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    ds.DirectoryRecordSequence = Sequence([
        item(
            OffsetOfTheNextDirectoryRecord=0, RecordInUseFlag=0xFFFF,
            OffsetOfReferencedLowerLevelDirectoryEntity=0, DirectoryRecordType=kind, **more,
        )
        for kind, more in [
            ("PATIENT", {"PatientID": "seed", "PatientName": "Seed"}),
            ("STUDY", {"StudyInstanceUID": f"{ROOT}.1", "StudyDate": "20240301"}),
            ("SERIES", {"SeriesInstanceUID": f"{ROOT}.2", "Modality": "CT"}),
            ("IMAGE", {"ReferencedFileID": ["IMAGES", "IM1"], "InstanceNumber": 1}),
            ("IMAGE", {"ReferencedFileID": ["..", "IM2"], "InstanceNumber": 2}),
        ]
    ])
    return ds


def packed(*files):
    return b"".join(struct.pack("<I", len(f)) + f for f in files)


def main():
    corpus = HERE / "corpus"
    for target, names in RAW_SEEDS.items():
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(RAW / target / name, corpus / target / name)
    ct = [image(CTImageStorage, "CT", n) for n in range(4)]
    series = {
        "ct": packed(*(encoded(ds) for ds in ct)),
        "ct_hole": packed(encoded(ct[0]), encoded(ct[1]), encoded(ct[3])),
        "implicit": packed(encoded(ct[0], ImplicitVRLittleEndian), encoded(ct[1])),
        "big_endian": encoded(ct[0], ExplicitVRBigEndian),
        "deflated": encoded(ct[0], DeflatedExplicitVRLittleEndian),
        "rle": encoded(ct[0], RLELossless),
        "no_preamble": encoded(ct[0])[132:],
        "pet": packed(encoded(pet(1)), encoded(pet(2))),
        "enhanced": encoded(enhanced()),
        "structures": encoded(structures()),
    }
    directories = {"explicit": encoded(directory())}
    for target, seeds in (("dicom_series", series), ("dicomdir", directories)):
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (corpus / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
