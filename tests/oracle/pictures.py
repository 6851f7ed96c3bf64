"""What every picture of small volumes must show, in all orientations.

    python pictures.py > ../data/pictures.json

Writes cases: where the slices of a volume lie (LPS mm), the slices as radiology shows them, and the
two stacks of planes across them, pixel by pixel (null where nothing was imaged, false where the two
ways of holding values beyond the outermost slices of a tilted, uneven stack are both right). Slices
are turned by SimpleITK's DICOMOrient. Planes across are cut by SimpleITK's resampling where one
matrix describes the volume, and by numpy alone where slices lie unevenly; where both can, they
agree. Needs numpy and SimpleITK.
"""

import itertools
import json
import math
import sys

import numpy as np
import SimpleITK as sitk

SHAPE = (4, 3, 4)  # i, j, k
SPACING = (0.8, 1.25, 2.5)
GAPS = (2.0, 2.8, 2.0)
TILT = math.radians(14.0)
CORNER = np.array([-31.3, 12.7, 104.1])
# Right and down in the picture, and towards which planes are paged: axis and sign in LPS.
VIEWS = {
    "axial": ((0, 1), (1, 1), 2),
    "coronal": ((0, 1), (2, -1), 1),
    "sagittal": ((1, 1), (2, -1), 0),
}


def stored():
    """Samples by (i, j, k): all different, at most 250."""
    n = np.arange(np.prod(SHAPE)).reshape(SHAPE, order="F")
    return (37 * n + 11) % 251


def unit(axis, sign=1):
    return np.eye(3)[axis] * sign


class Case:
    def __init__(self, permutation, signs, gaps=None, tilt=0.0):
        self.permutation, self.signs = permutation, signs
        self.directions = [unit(a, s) for a, s in zip(permutation, signs)]
        self.even = gaps is None
        self.tilt = tilt
        gaps = gaps or [SPACING[2]] * (SHAPE[2] - 1)
        self.gaps = gaps
        depths = np.concatenate([[0.0], np.cumsum(gaps)])
        lean = self.directions[2] + math.tan(tilt) * self.directions[1]
        self.origins = [CORNER + d * lean for d in depths]
        self.steps = [d * s for d, s in zip(self.directions, SPACING)]

    def name(self):
        letters = ["LR", "PA", "HF"]
        axes = "".join(letters[a][s < 0] for a, s in zip(self.permutation, self.signs))
        how = "even" if self.even else "uneven"
        return f"{axes} {how}{' tilted' if self.tilt else ''}"

    def centres(self):
        """Voxel centres by (i, j, k)."""
        i, j, k = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
        at = np.array(self.origins)[k]
        return at + i[..., None] * self.steps[0] + j[..., None] * self.steps[1]

    def view(self):
        """The view that the slices themselves are."""
        return next(v for v, (_, _, axis) in VIEWS.items() if axis == self.permutation[2])

    def pictures(self):
        """Slices in their order, rows from the top."""
        # Which sample comes where does not depend on distances or tilt.
        image = sitk.GetImageFromArray(stored().transpose(2, 1, 0).astype(np.int16))
        image.SetDirection(np.stack(self.directions, axis=1).flatten().tolist())
        turned = sitk.DICOMOrient(image, "LPS")
        values = sitk.GetArrayFromImage(turned)  # z, y, x
        found = []
        for k in range(SHAPE[2]):
            place = image.TransformIndexToPhysicalPoint((0, 0, k))
            x, y, z = turned.TransformPhysicalPointToIndex(place)
            found.append({
                "axial": values[z],
                "coronal": values[::-1, y, :],
                "sagittal": values[::-1, :, x],
            }[self.view()])
        return found

    def span(self, direction, pixel, is_across):
        """First pixel and number of pixels from one end of the volume to the other."""
        along = self.centres() @ direction
        low, high = along.min(), along.max()
        if is_across:
            # From edge to edge: slices reach half-way beyond their own distance.
            low, high = low - self.gaps[0] / 2 + pixel / 2, high + self.gaps[-1] / 2 - pixel / 2
        return low, int(math.floor((high - low) / pixel + 1e-6)) + 1

    def stack(self, view):
        right, down, axis = VIEWS[view]
        right, down, normal = unit(*right), unit(*down), unit(axis)
        native = {a: n for n, a in enumerate(self.permutation)}
        (in_slice,) = [a for a in native if a not in (axis, self.permutation[2])]
        pixel, gap = SPACING[native[in_slice]], SPACING[native[axis]]
        slices = self.directions[2]
        x, width = self.span(right, pixel, abs(right @ slices) > 0.5)
        y, height = self.span(down, pixel, abs(down @ slices) > 0.5)
        z, n = self.span(normal, gap, False)
        origin = right * x + down * y + normal * z
        planes = []
        for number in range(n):
            at = origin + normal * gap * number
            own = self.by_numpy(at, right * pixel, down * pixel, (width, height))
            if self.even:
                theirs = self.by_itk(at, right, down, pixel, (width, height))
                same = np.isclose(own, theirs, atol=1e-6, rtol=0, equal_nan=True)
                assert same.all(), (self.name(), view)
            planes.append(own)
        return {
            "view": view, "origin": origin.tolist(), "right": (right * pixel).tolist(),
            "down": (down * pixel).tolist(), "step": (normal * gap).tolist(),
            "size": [width, height], "planes": [self.written(p) for p in planes],
        }

    def written(self, plane):
        def one(v):
            return None if math.isnan(v) else False if math.isinf(v) else round(float(v), 5)
        return [one(v) for v in plane.ravel()]

    def by_itk(self, origin, right, down, pixel, size):
        image = sitk.GetImageFromArray(stored().transpose(2, 1, 0).astype(np.float64))
        lean = self.origins[1] - self.origins[0]
        length = float(np.linalg.norm(lean))
        image.SetOrigin(self.origins[0].tolist())
        image.SetSpacing([SPACING[0], SPACING[1], length])
        columns = [self.directions[0], self.directions[1], lean / length]
        image.SetDirection(np.stack(columns, axis=1).flatten().tolist())
        cut = sitk.ResampleImageFilter()
        cut.SetSize([size[0], size[1], 1])
        cut.SetOutputOrigin(origin.tolist())
        cut.SetOutputSpacing([pixel, pixel, 1.0])
        turn = np.stack([right, down, np.cross(right, down)], axis=1)
        cut.SetOutputDirection(turn.flatten().tolist())
        cut.SetInterpolator(sitk.sitkLinear)
        cut.SetDefaultPixelValue(float("nan"))
        return sitk.GetArrayFromImage(cut.Execute(image))[0]

    def by_numpy(self, origin, right, down, size):
        picture = np.full((size[1], size[0]), np.nan)
        for y in range(size[1]):
            for x in range(size[0]):
                picture[y, x] = self.value(origin + right * x + down * y)
        return picture

    def value(self, place):
        """Linear between the slices' own places; held beyond the outermost centres."""
        depths = [float(o @ self.directions[2]) for o in self.origins]
        depth = float(place @ self.directions[2])
        last = SHAPE[2] - 1
        k = int(np.clip(np.searchsorted(depths, depth, side="right") - 1, 0, last - 1))
        f = (depth - depths[k]) / (depths[k + 1] - depths[k])
        at = place - (self.origins[k] + f * (self.origins[k + 1] - self.origins[k]))
        voxel = [float(at @ self.directions[a]) / SPACING[a] for a in (0, 1)] + [k + f]
        beyond = max(-voxel[2], voxel[2] - last, 0.0)
        assert abs(beyond - 0.5) > 1e-4, "a pixel on an edge would be decided by rounding"
        for v, n in zip(voxel[:2], SHAPE):
            assert min(abs(v + 0.5), abs(v - n + 0.5)) > 1e-4
        if beyond > 0.5 or any(v < -0.5 or v > n - 0.5 for v, n in zip(voxel[:2], SHAPE)):
            return math.inf if self.unsure(beyond) else math.nan
        if self.unsure(beyond):
            return math.inf
        values = stored()
        low, share = [], []
        for v, n in zip(voxel, SHAPE):
            v = min(max(v, 0.0), n - 1.0)
            base = min(int(v), n - 2)
            low.append(base)
            share.append(v - base)
        total = 0.0
        for corner in itertools.product((0, 1), repeat=3):
            weight = math.prod(s if c else 1 - s for c, s in zip(corner, share))
            total += weight * values[tuple(b + c for b, c in zip(low, corner))]
        return total

    def unsure(self, beyond):
        return self.tilt != 0 and not self.even and beyond > 0

    def whole(self):
        return {
            "name": self.name(), "i": self.steps[0].tolist(), "j": self.steps[1].tolist(),
            "origins": [o.tolist() for o in self.origins], "view": self.view(),
            "slices": [p.ravel().tolist() for p in self.pictures()],
            "size": list(self.pictures()[0].shape[::-1]),
            "across": [self.stack(v) for v in VIEWS if v != self.view()],
        }


def main():
    permutations = list(itertools.permutations(range(3)))
    signs = list(itertools.product((1, -1), repeat=3))
    cases = [Case(p, s) for p in permutations for s in signs]
    some = [(p, s) for p in permutations for s in ((1, 1, 1), (-1, 1, -1), (1, -1, 1))]
    cases += [Case(p, s, tilt=TILT) for p, s in some]
    cases += [Case(p, s, gaps=list(GAPS)) for p, s in some]
    cases += [Case(p, s, gaps=list(GAPS), tilt=-TILT) for p, s in some]
    write = lambda thing: json.dumps(thing, separators=(",", ":"))
    head = f'{{"shape":{write(SHAPE)},"samples":{write(stored().ravel(order="F").tolist())},"cases":[\n'
    sys.stdout.write(head + ",\n".join(write(c.whole()) for c in cases) + "\n]}\n")


if __name__ == "__main__":
    main()
