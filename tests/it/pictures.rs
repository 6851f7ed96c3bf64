//! Every pixel of every picture of small volumes, in all orientations of the slices, beside SimpleITK
//! and numpy (`tests/oracle/pictures.py`): slices as they are, planes across them interpolated.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array3;
use oncotwin::geometry::{Grid, Point, Vec3, Voxel};
use oncotwin::reformat::{Interpolation, Stack, across, reformat};
use oncotwin::volume::{
    IntensityUnit, Layout, Modality, Rescale, Samples, Volume, WindowLevel, gray_slice,
};
use serde::Deserialize;

/// Values are whole numbers up to 250, interpolated in single precision.
const EQUAL: f64 = 1e-3;
/// Places are given to all digits, and lie within 200 mm.
const SAME_MM: f64 = 1e-9;

#[derive(Deserialize)]
struct Reference {
    /// Along (i, j, k).
    shape: [usize; 3],
    /// Samples, i fastest; all different.
    samples: Vec<i16>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    i: [f64; 3],
    j: [f64; 3],
    origins: Vec<Point>,
    /// What the slices are: `axial`, `coronal` or `sagittal`.
    view: String,
    /// Columns and rows of a slice.
    size: [usize; 2],
    /// Its pixels, slice by slice.
    slices: Vec<Vec<u8>>,
    across: [Planes; 2],
}

#[derive(Deserialize)]
struct Planes {
    view: String,
    /// Centre of the first pixel of the first plane.
    origin: Point,
    right: [f64; 3],
    down: [f64; 3],
    step: [f64; 3],
    size: [usize; 2],
    planes: Vec<Vec<Pixel>>,
}

/// A pixel of a plane across the slices.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Pixel {
    Value(f64),
    /// `null`: nothing was imaged. `false`: beyond the outermost slices, where values are held, and
    /// it is nobody's rule along which line.
    Other(Option<bool>),
}

fn reference() -> Reference {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pictures.json");
    let text = std::fs::read_to_string(path).expect("committed");
    serde_json::from_str(&text).expect("as the oracle writes it")
}

impl Reference {
    /// The volume of a case, its samples stored in one of three ways.
    fn volume(&self, n: usize) -> Volume {
        let case = &self.cases[n];
        let grid = Grid::new(
            self.shape,
            Vec3::from(case.i),
            Vec3::from(case.j),
            case.origins.clone(),
            None,
        );
        let [ni, nj, nk] = self.shape;
        let samples = Array3::from_shape_vec((nk, nj, ni), self.samples.clone()).expect("all");
        let (samples, rescale) = match n % 3 {
            0 => (Samples::I16(samples - 1024), (1.0, 1024.0)),
            1 => (Samples::U16(samples.mapv(|v| v as u16 * 2)), (0.5, 0.0)),
            _ => (Samples::F32(samples.mapv(f32::from)), (1.0, 0.0)),
        };
        let rescale = Rescale {
            slope: rescale.0,
            intercept: rescale.1,
        };
        Volume::new(
            Arc::new(grid.expect("slices in order")),
            samples,
            vec![rescale; nk],
            IntensityUnit::Arbitrary,
            Modality::CT,
        )
        .expect("shapes agree")
    }

    /// Where the voxel with each value lies.
    fn places(&self, grid: &Grid) -> BTreeMap<u8, Point> {
        let [ni, nj, _] = self.shape;
        let at = |n: usize| {
            let index = [n % ni, n / ni % nj, n / ni / nj].map(|v| v as f64);
            grid.patient_from_voxel(Voxel::from(index))
        };
        let all = self.samples.iter().enumerate();
        all.map(|(n, value)| (*value as u8, at(n))).collect()
    }
}

/// Where right and down lead in a picture of radiology.
fn convention(view: &str) -> [Vec3; 2] {
    match view {
        "axial" => [Vec3::x(), Vec3::y()],
        "coronal" => [Vec3::x(), -Vec3::z()],
        "sagittal" => [Vec3::y(), -Vec3::z()],
        other => panic!("{other} is no view"),
    }
}

#[test]
fn slices_show_each_sample_where_it_belongs() {
    let reference = reference();
    assert!(reference.cases.len() >= 48);
    // Grey levels are the values.
    let window = WindowLevel::new(127.5, 255.0);
    for (n, case) in reference.cases.iter().enumerate() {
        let volume = reference.volume(n);
        let grid = volume.grid();
        let places = reference.places(grid);
        let layout = Layout::of(grid);
        assert_eq!(layout.picture_size(), case.size, "{}", case.name);
        for (k, expected) in case.slices.iter().enumerate() {
            let shown = gray_slice(&volume, k, window, false, layout);
            assert_eq!(&shown, expected, "{} slice {k}", case.name);
            let (origin, right, down) = layout.patient_frame(grid, k);
            for (step, to) in [right, down].iter().zip(convention(&case.view)) {
                assert!((step.normalize() - to).norm() < SAME_MM, "{}", case.name);
            }
            for (pixel, value) in shown.iter().enumerate() {
                let [x, y] = [pixel % case.size[0], pixel / case.size[0]].map(|v| v as f64);
                let told = Point(origin.0 + right * x + down * y);
                let off = told.distance(places[value]).0;
                assert!(off < SAME_MM, "{} slice {k}: {off} mm off", case.name);
            }
        }
    }
}

fn beside(case: &Case, volume: &Volume, stack: &Stack, expected: &Planes) {
    let name = format!("{} {}", case.name, expected.view);
    let axes = stack.axes();
    for (axis, to) in axes.iter().zip(convention(&expected.view)) {
        assert!((axis - to).norm() < SAME_MM, "{name}: {axis:?}");
    }
    assert_eq!(stack.n_planes(), expected.planes.len(), "{name}");
    for (index, values) in expected.planes.iter().enumerate() {
        let plane = stack.plane(index);
        let origin = expected.origin.0 + Vec3::from(expected.step) * index as f64;
        assert!((plane.origin.0 - origin).norm() < SAME_MM, "{name} {index}");
        for (ours, theirs) in [(plane.right, expected.right), (plane.down, expected.down)] {
            assert!((ours - Vec3::from(theirs)).norm() < SAME_MM, "{name}");
        }
        assert_eq!(plane.size, expected.size, "{name}");
        let picture = reformat(volume, &plane, Interpolation::Linear, None);
        assert_eq!(picture.len(), values.len());
        for (n, (ours, theirs)) in picture.iter().zip(values).enumerate() {
            let is_right = match theirs {
                Pixel::Value(value) => (f64::from(*ours) - value).abs() <= EQUAL,
                Pixel::Other(None) => ours.is_nan(),
                Pixel::Other(Some(_)) => true,
            };
            assert!(is_right, "{name} plane {index}, pixel {n}: {ours}");
        }
    }
}

#[test]
fn planes_across_hold_what_others_interpolate() {
    let reference = reference();
    let mut judged = 0;
    for (n, case) in reference.cases.iter().enumerate() {
        let volume = reference.volume(n);
        let stacks = across(volume.grid());
        for (stack, expected) in stacks.iter().zip(&case.across) {
            beside(case, &volume, stack, expected);
            let all = expected.planes.iter().flatten();
            judged += all.filter(|p| !matches!(p, Pixel::Other(Some(_)))).count();
        }
    }
    assert!(judged > 20_000, "{judged} pixels were compared");
}
