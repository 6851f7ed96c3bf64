"""Small NRRD, MetaImage and NIfTI files with what is to be read from them.

    python raw_formats.py FOLDER

Writes the files and expected.json into FOLDER. Values come from the arrays that were written;
SimpleITK (for NIfTI nibabel) reads every file back: where it can, its place is the expected one and
its values must be those that were written. Needs numpy, SimpleITK, nibabel.
"""

import bz2
import gzip
import json
import pathlib
import sys
import zlib

import nibabel as nib
import numpy as np
import SimpleITK as sitk

SHAPE = (5, 4, 3)  # i, j, k
TYPES = {
    "i1": ("int8", "MET_CHAR"), "u1": ("uchar", "MET_UCHAR"),
    "i2": ("short", "MET_SHORT"), "u2": ("unsigned short", "MET_USHORT"),
    "i4": ("int", "MET_INT"), "u4": ("uint32_t", "MET_UINT"),
    "i8": ("long long", "MET_LONG_LONG"), "u8": ("uint64", "MET_ULONG_LONG"),
    "f4": ("float", "MET_FLOAT"), "f8": ("double", "MET_DOUBLE"),
}
LPS_PLACE = (
    "space: left-posterior-superior\n"
    "space directions: (0.8,0.6,0) (-0.54,0.72,0) (0,0,2.5)\n"
    "space origin: (-12.5,7.25,100)\n"
)
MHA_PLACE = (
    "TransformMatrix = 0.8 0.6 0 -0.6 0.8 0 0 0 1\n"
    "Offset = -12.5 7.25 100\nCenterOfRotation = 0 0 0\n"
    "AnatomicalOrientation = RAI\nElementSpacing = 1 0.9 2.5\n"
)


def array(kind, shape=SHAPE):
    """Values along axes (i fastest); signs and large numbers where the type has them."""
    n = int(np.prod(shape))
    values = (np.arange(n) * 37) % 120
    if kind[0] == "i":
        values = values - 50
    if kind in ("i2", "u2"):
        values = values * 200
    if kind in ("i4", "u4", "i8", "u8"):
        values = values * 70001
    if kind[0] == "f":
        values = values / 8.0 - 3
    return values.astype(kind).reshape(shape, order="F")


def pack(values, order="<"):
    return values.astype(values.dtype.newbyteorder(order)).tobytes(order="F")


def text(values):
    flat = values.ravel(order="F")
    return (" ".join(repr(v.item()) for v in flat) + "\n").encode()


class Cases:
    def __init__(self, root):
        self.root = root
        self.expected = {}

    def write(self, name, data):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def add(self, name, frames, kind="volume", codes=(), place=None, peer=True, segments=None):
        """`frames`: arrays of (i, j, k). `place`: a 4x4 where the peer reads another one or none."""
        entry = {"kind": kind, "codes": sorted(codes), "frames": [
            [float(v) for v in np.atleast_3d(f).ravel(order="F")] for f in frames
        ]}
        entry["shape"] = list(np.atleast_3d(frames[0]).shape)
        if segments is not None:
            entry["segments"] = segments
        read = None
        if peer:
            read = self.by_nibabel(name) if ".nii" in name or ".hdr" in name else self.by_sitk(name)
        if read is not None:
            affine, values = read
            ours = np.stack([np.atleast_3d(f) for f in frames], axis=-1).astype(float)
            theirs = values.reshape(ours.shape, order="F")
            assert np.allclose(theirs, ours, rtol=1e-7, atol=0), name
            entry["affine_lps"] = [[float(v) for v in row] for row in affine]
            entry["peer"] = "nibabel" if ".nii" in name or ".hdr" in name else "SimpleITK"
        if place is not None:
            entry["affine_lps"] = [[float(v) for v in row] for row in place]
        self.expected[name] = entry

    def refuse(self, name, error):
        self.expected[name] = {"error": error}

    def by_sitk(self, name):
        try:
            image = sitk.ReadImage(str(self.root / name))
        except RuntimeError:
            return None
        d = image.GetDimension()
        affine = np.eye(4)
        direction = np.array(image.GetDirection()).reshape(d, d) @ np.diag(image.GetSpacing())
        n = min(d, 3)
        affine[:n, :n] = direction[:n, :n]
        affine[:n, 3] = image.GetOrigin()[:n]
        values = sitk.GetArrayFromImage(image).astype(float)
        channels = image.GetNumberOfComponentsPerPixel()
        if channels > 1:
            values = np.moveaxis(values, -1, 0)
        return affine, np.transpose(values)  # i, j, k, frame

    def by_nibabel(self, name):
        image = nib.load(self.root / name)
        unit = {"meter": 1000.0, "micron": 0.001}.get(image.header.get_xyzt_units()[0], 1.0)
        affine = np.diag([-unit, -unit, unit, 1]) @ image.affine
        affine[3, 3] = 1
        return affine, np.asanyarray(image.dataobj).astype(float)


def nrrd_header(kind, sizes=SHAPE, encoding="raw", endian="little", place=LPS_PLACE, more="", version=5):
    rank = len(sizes)
    return (
        f"NRRD000{version}\n# a comment\ntype: {TYPES[kind][0]}\ndimension: {rank}\n"
        f"sizes: {' '.join(map(str, sizes))}\nencoding: {encoding}\nendian: {endian}\n{place}{more}"
    ).encode()


def nrrd(cases):
    for kind in TYPES:
        a = array(kind)
        for order, endian in (("<", "little"), (">", "big")):
            name = f"nrrd/{kind}_{endian}.nrrd"
            cases.write(name, nrrd_header(kind, endian=endian) + b"\n" + pack(a, order))
            cases.add(name, [a])
        for encoding, data in (
            ("gzip", gzip.compress(pack(a), mtime=0)), ("bzip2", bz2.compress(pack(a))),
            ("ascii", text(a)), ("hex", pack(a).hex().encode()),
        ):
            if encoding in ("bzip2", "hex") and kind not in ("i2", "f4"):
                continue
            name = f"nrrd/{kind}_{encoding}.nrrd"
            cases.write(name, nrrd_header(kind, encoding=encoding) + b"\n" + data)
            # Builds of SimpleITK without bzip2 are common; the header is that of the other encodings.
            twin = cases.expected.get(f"nrrd/{kind}_gzip.nrrd", {}).get("affine_lps")
            cases.add(name, [a], place=twin if encoding == "bzip2" else None)
    a = array("i2")
    for space in ("RAS", "left-anterior-superior", "LPS", "scanner-xyz"):
        name = f"nrrd/space_{space}.nrrd"
        place = LPS_PLACE.replace("left-posterior-superior", space)
        cases.write(name, nrrd_header("i2", place=place) + b"\n" + pack(a))
        cases.add(name, [a], codes=["W-ORIENT-UNKNOWN"] if space == "scanner-xyz" else [])
    name = "nrrd/space_units_cm.nrrd"
    cases.write(name, nrrd_header("i2", more='space units: "cm" "cm" "cm"\n') + b"\n" + pack(a))
    cases.add(name, [a], place=[[8, -5.4, 0, -125], [6, 7.2, 0, 72.5], [0, 0, 25, 1000], [0, 0, 0, 1]])
    for name, more in (
        ("nrrd/spacings.nrrd", "spacings: 0.5 0.75 2\naxis mins: 10 20 30\n"),
        ("nrrd/node.nrrd", "spacings: 0.5 0.75 2\naxis mins: 10 20 30\ncenters: node node node\n"),
    ):
        cases.write(name, nrrd_header("i2", place="", more=more, version=1) + b"\n" + pack(a))
        cases.add(name, [a], codes=["W-ORIENT-UNKNOWN"])
    name = "nrrd/no_spacing.nrrd"
    cases.write(name, nrrd_header("i2", place="") + b"\n" + pack(a))
    cases.add(name, [a], codes=["W-ORIENT-UNKNOWN", "W-SPACING-UNKNOWN"])
    four = array("i2", SHAPE + (2,))
    frames = [four[..., n] for n in range(2)]
    name = "nrrd/list_last.nrrd"
    place = LPS_PLACE.replace("(0,0,2.5)", "(0,0,2.5) none") + "kinds: domain domain domain list\n"
    cases.write(name, nrrd_header("i2", SHAPE + (2,), place=place) + b"\n" + pack(four))
    cases.add(name, frames, codes=["W-4D"])
    name = "nrrd/vector_first.nrrd"
    place = LPS_PLACE.replace(": (0.8", ": none (0.8") + "kinds: vector domain domain domain\n"
    first = np.moveaxis(four, -1, 0)
    cases.write(name, nrrd_header("i2", (2,) + SHAPE, place=place) + b"\n" + pack(first))
    cases.add(name, frames, codes=["W-4D"])
    name = "nrrd/frame_and_keys.nrrd"
    more = "measurement frame: (0,1,0) (1,0,0) (0,0,1)\na key:=with: a value\ncontent: something\n"
    cases.write(name, nrrd_header("i2", more=more).replace(b"\n", b"\r\n") + b"\r\n" + pack(a))
    cases.add(name, [a], peer=False, place=place_lps())
    cases.write("nrrd/one.raw", b"12\n34\nxx" + pack(a))
    name = "nrrd/skips.nhdr"
    cases.write(name, nrrd_header("i2", more="line skip: 2\nbyte skip: 2\ndata file: one.raw\n"))
    cases.add(name, [a])
    name = "nrrd/from_the_end.nhdr"
    cases.write(name, nrrd_header("i2", more="byteskip: -1\ndatafile: one.raw\n"))
    cases.add(name, [a])
    for k in range(SHAPE[2]):
        cases.write(f"nrrd/slices/s{k + 1:03d}.raw.gz", gzip.compress(pack(a[:, :, k]), mtime=0))
    name = "nrrd/list.nhdr"
    files = "".join(f"slices/s{k:03d}.raw.gz\n" for k in (1, 2, 3))
    cases.write(name, nrrd_header("i2", encoding="gzip", more="data file: LIST\n" + files))
    cases.add(name, [a])
    name = "nrrd/pattern.nhdr"
    more = "data file: slices/s%03d.raw.gz 1 3 1\n"
    cases.write(name, nrrd_header("i2", encoding="gzip", more=more))
    cases.add(name, [a])
    labels = np.zeros((2,) + SHAPE, "u1")
    labels[0, 1:4, 1:3, 1] = 1
    labels[0, 0, 0, 0] = 2
    labels[1, 2:5, 1:4, 1:3] = 1
    place = LPS_PLACE.replace(": (0.8", ": none (0.8") + "kinds: list domain domain domain\n"
    more = "".join(
        f"Segment{n}_ID:=Segment_{n + 1}\nSegment{n}_Name:={name}\nSegment{n}_LabelValue:={value}\n"
        f"Segment{n}_Layer:={layer}\n"
        for n, (name, value, layer) in enumerate([("tumour", 1, 0), ("node", 2, 0), ("organ", 1, 1)])
    )
    name = "nrrd/slicer.seg.nrrd"
    data = nrrd_header("u1", (2,) + SHAPE, "gzip", place=place, more=more)
    cases.write(name, data + b"\n" + gzip.compress(pack(labels), mtime=0))
    cases.add(name, [labels[0], labels[1]], kind="segmentation", codes=["W-4D"], segments=[
        ["tumour", 1, 6], ["node", 2, 1], ["organ", 1, 18]
    ])
    cases.write("nrrd/missing.nhdr", nrrd_header("i2", more="data file: nowhere.raw\n"))
    cases.refuse("nrrd/missing.nhdr", "E-NRRD")
    cases.write("nrrd/short.nrrd", nrrd_header("i2") + b"\n" + pack(a)[:-2])
    cases.refuse("nrrd/short.nrrd", "E-NRRD")
    cut = gzip.compress(pack(a), mtime=0)[:-3]
    cases.write("nrrd/cut_gzip.nrrd", nrrd_header("i2", encoding="gzip") + b"\n" + cut)
    cases.refuse("nrrd/cut_gzip.nrrd", "E-NRRD")


def place_lps():
    return [[0.8, -0.54, 0, -12.5], [0.6, 0.72, 0, 7.25], [0, 0, 2.5, 100], [0, 0, 0, 1]]


def mha_header(kind, sizes=SHAPE, place=MHA_PLACE, more="", msb=False, file="LOCAL"):
    return (
        f"ObjectType = Image\nNDims = {len(sizes)}\nBinaryData = True\n"
        f"BinaryDataByteOrderMSB = {msb}\n{place}DimSize = {' '.join(map(str, sizes))}\n{more}"
        f"ElementType = {TYPES[kind][1]}\nElementDataFile = {file}\n"
    ).encode()


def metaimage(cases):
    for kind in TYPES:
        a = array(kind)
        for order, msb in (("<", False), (">", True)):
            name = f"metaimage/{kind}_{'big' if msb else 'little'}.mha"
            cases.write(name, mha_header(kind, msb=msb) + pack(a, order))
            cases.add(name, [a])
        name = f"metaimage/{kind}_zlib.mha"
        data = zlib.compress(pack(a))
        more = f"CompressedData = True\nCompressedDataSize = {len(data)}\n"
        cases.write(name, mha_header(kind, more=more) + data)
        cases.add(name, [a])
        if kind in ("i2", "f4", "u1"):
            name = f"metaimage/{kind}_ascii.mha"
            header = mha_header(kind).replace(b"BinaryData = True", b"BinaryData = False")
            cases.write(name, header + text(a))
            cases.add(name, [a], place=place_lps(), peer=False)
    a = array("i4")
    name = "metaimage/long_has_four_bytes.mha"
    cases.write(name, mha_header("i4").replace(b"MET_INT", b"MET_LONG") + pack(a))
    cases.add(name, [a])
    a = array("i2")
    old = MHA_PLACE.replace("TransformMatrix", "Rotation").replace("Offset", "Position")
    old = old.replace("ElementSpacing", "ElementSize")
    name = "metaimage/old_keys.mha"
    cases.write(name, mha_header("i2", place=old) + pack(a))
    cases.add(name, [a])
    name = "metaimage/shear.mha"
    shear = MHA_PLACE.replace("-0.6 0.8 0 0 0 1", "-0.6 0.8 0 0 0.25 1")
    cases.write(name, mha_header("i2", place=shear) + pack(a))
    cases.add(name, [a])
    name = "metaimage/contrary_letters.mha"
    cases.write(name, mha_header("i2", place=MHA_PLACE.replace("RAI", "LPI")) + pack(a))
    cases.add(name, [a], codes=["W-SFORM"])
    name = "metaimage/no_matrix.mha"
    cases.write(name, mha_header("i2", place="ElementSpacing = 1 2 3\nOffset = 4 5 6\n") + pack(a))
    cases.add(name, [a], codes=["W-ORIENT-UNKNOWN"])
    name = "metaimage/no_spacing.mha"
    cases.write(name, mha_header("i2", place="Offset = 4 5 6\n") + pack(a))
    cases.add(name, [a], codes=["W-ORIENT-UNKNOWN", "W-SPACING-UNKNOWN"])
    cases.write("metaimage/one.raw", b"12345" + pack(a))
    for name, size in (("metaimage/header_size.mhd", 5), ("metaimage/from_the_end.mhd", -1)):
        cases.write(name, mha_header("i2", more=f"HeaderSize = {size}\n", file="one.raw"))
        cases.add(name, [a])
    cases.write("metaimage/two.zraw", zlib.compress(pack(a)))
    name = "metaimage/detached.mhd"
    cases.write(name, mha_header("i2", more="CompressedData = True\n", file="two.zraw"))
    cases.add(name, [a])
    for k in range(SHAPE[2]):
        cases.write(f"metaimage/s{k + 1:02d}.raw", pack(a[:, :, k]))
    name = "metaimage/list.mhd"
    cases.write(name, mha_header("i2", file="LIST\ns01.raw\ns02.raw\ns03.raw"))
    cases.add(name, [a])
    name = "metaimage/pattern.mhd"
    cases.write(name, mha_header("i2", file="s%02d.raw 1 3 1"))
    cases.add(name, [a])
    four = array("i2", SHAPE + (2,))
    frames = [four[..., n] for n in range(2)]
    name = "metaimage/channels.mha"
    more = "ElementNumberOfChannels = 2\n"
    cases.write(name, mha_header("i2", more=more) + pack(np.moveaxis(four, -1, 0)))
    cases.add(name, frames, codes=["W-4D"])
    name = "metaimage/four_d.mha"
    place = (
        "TransformMatrix = 0.8 0.6 0 0 -0.6 0.8 0 0 0 0 1 0 0 0 0 1\n"
        "Offset = -12.5 7.25 100 0\nElementSpacing = 1 0.9 2.5 1\n"
    )
    cases.write(name, mha_header("i2", SHAPE + (2,), place=place) + pack(four))
    cases.add(name, frames, codes=["W-4D"])
    name = "metaimage/two_d.mha"
    place = "TransformMatrix = 1 0 0 1\nOffset = 1 2\nElementSpacing = 0.5 0.25\n"
    cases.write(name, mha_header("i2", SHAPE[:2], place=place) + pack(a[:, :, 0]))
    cases.add(name, [a[:, :, 0]], kind="image2d", codes=["W-ORIENT-UNKNOWN", "W-SPACING-UNKNOWN"])
    cases.write("metaimage/missing.mhd", mha_header("i2", file="nowhere.raw"))
    cases.refuse("metaimage/missing.mhd", "E-METAIMAGE")
    cases.write("metaimage/short.mha", mha_header("i2") + pack(a)[:-2])
    cases.refuse("metaimage/short.mha", "E-METAIMAGE")
    cases.write("metaimage/elsewhere.mhd", mha_header("i2", file="/dev/zero"))
    cases.refuse("metaimage/elsewhere.mhd", "E-METAIMAGE")


def nifti(cases):
    turned = np.array([[0.8, -0.54, 0, -12], [0.6, 0.72, 0, 7], [0, 0, 2.5, 100], [0, 0, 0, 1.0]])
    for kind in TYPES:
        for order in "<>":
            a = array(kind)
            header = nib.Nifti1Header(endianness=order)
            header.set_data_dtype(a.dtype.newbyteorder(order))
            image = nib.Nifti1Image(a, turned, header)
            image.header.set_xyzt_units("mm")
            name = f"nifti/{kind}_{'big' if order == '>' else 'little'}.nii"
            cases.write(name, image.to_bytes())
            cases.add(name, [a])
    a = array("i2")

    def save(name, codes=(), cls=nib.Nifti1Image, data=a, **edits):
        image = cls(data, None if edits.get("no_affine") else turned)
        header = image.header
        header.set_xyzt_units(edits.get("units", "mm"))
        if "sform" in edits:
            image.set_sform(edits["sform"], 1)
        if "qform" in edits:
            image.set_qform(edits["qform"], 1)
        elif not edits.get("no_affine"):
            image.set_qform(turned, 1)
        blob = bytearray(image.to_bytes())
        for at, raw in edits.get("patch", {}).items():
            blob[at : at + len(raw)] = raw
        blob = bytes(blob)
        if name.endswith(".gz"):
            # Two members: both count.
            blob = gzip.compress(blob[:400], mtime=0) + gzip.compress(blob[400:], mtime=0)
        cases.write(name, blob)
        frames = [data] if data.ndim == 3 else [data[..., n] for n in range(data.shape[3])]
        cases.add(name, frames, codes=codes, **{k: edits[k] for k in ("place", "peer") if k in edits})

    save("nifti/second.nii", cls=nib.Nifti2Image)
    save("nifti/second.nii.gz", cls=nib.Nifti2Image)
    save("nifti/micrometres.nii", units="micron")
    save("nifti/metres.nii", units="meter")
    moved = turned.copy()
    moved[0, 3] += 0.2
    save("nifti/moved_sform.nii", codes=["W-SFORM"], sform=moved)
    near = turned.copy()
    near[0, 3] += 0.05
    save("nifti/near_sform.nii", sform=near)
    sheared = turned.copy()
    sheared[0, 2] = 0.7
    save("nifti/sheared.nii", codes=["W-SFORM"], sform=sheared)
    save("nifti/qform_alone.nii", patch={254: b"\0\0"})
    mirrored = turned @ np.diag([1, 1, -1, 1])
    save("nifti/qfac.nii", qform=mirrored, patch={254: b"\0\0"})
    save(
        "nifti/no_codes.nii", codes=["W-ORIENT-UNKNOWN"], patch={252: b"\0\0\0\0"}, peer=False,
        place=np.diag([-1, -0.9, 2.5, 1]),
    )
    save("nifti/four.nii", codes=["W-4D"], data=array("i2", SHAPE + (2,)))
    save("nifti/rounds.nii", codes=["W-PRECISION"], data=array("i4") * 30 + 1)
    save("nifti/doubles.nii", codes=["W-PRECISION"], data=array("f8") / 3)
    image = nib.Nifti1Pair(a, turned)
    image.header.set_xyzt_units("mm")
    nib.save(image, cases.root / "nifti/pair.img")
    cases.add("nifti/pair.hdr", [a])
    analyze = nib.AnalyzeImage(a, np.diag([-2, 2, 3, 1.0]))
    nib.save(analyze, cases.root / "nifti/analyze.img")
    place = np.diag([-2.0, -2, 3, 1])
    cases.add("nifti/analyze.hdr", [a], codes=["W-ORIENT-UNKNOWN"], place=place, peer=False)
    label = np.zeros(SHAPE, "i4")
    label[1:3, 1:3, 1] = 70000
    save("nifti/wide_labels.nii", data=label)
    cases.expected["nifti/wide_labels.nii"]["kind"] = "segmentation"
    cases.expected["nifti/wide_labels.nii"]["segments"] = [["label 70000", 70000, 4]]
    cases.write("nifti/short.nii", (cases.root / "nifti/second.nii").read_bytes()[:-1])
    cases.refuse("nifti/short.nii", "E-NIFTI")
    whole = (cases.root / "nifti/second.nii.gz").read_bytes()
    cases.write("nifti/no_checksum.nii.gz", whole[:-8] + b"\0" * 8)
    cases.refuse("nifti/no_checksum.nii.gz", "E-NIFTI")


def main():
    cases = Cases(pathlib.Path(sys.argv[1]))
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    (cases.root / "nifti").mkdir(parents=True, exist_ok=True)
    nrrd(cases)
    metaimage(cases)
    nifti(cases)
    out = {"SimpleITK": sitk.Version.VersionString(), "nibabel": nib.__version__, "files": cases.expected}
    lines = json.dumps(out["files"], sort_keys=True).replace('}, "', '},\n "')
    del out["files"]
    head = json.dumps(out, sort_keys=True)[:-1]
    cases.write("expected.json", (head + ',\n"files": ' + lines + "}\n").encode())


if __name__ == "__main__":
    main()
