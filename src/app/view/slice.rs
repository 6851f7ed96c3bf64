//! Pictures: the slices of a series and the planes across them, with what is drawn on them.

use std::sync::Arc;

use super::{
    ColourMap, FigureView, FrameOf, FusedView, FusionRow, FusionView, LesionId, Letters, PetStated,
    PetStatement, Point, SeriesId, UptakeKind, Vec3, WindowLevel,
};
use crate::reformat::Slab;
use crate::units::Mm;
use crate::volume::Volume;

/// The stored values of a slice.
#[derive(Clone)]
pub struct Probe {
    pub(super) volume: Arc<Volume>,
    slice: usize,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Probe of slice {}", self.slice)
    }
}

impl Probe {
    /// What reads values of slice `slice` (from 0) of a volume.
    #[must_use]
    pub const fn new(volume: Arc<Volume>, slice: usize) -> Self {
        Self { volume, slice }
    }

    /// The value of the voxel at a place; `None` outside, and where there is no value (padding,
    /// missing slice).
    #[must_use]
    pub fn at(&self, place: Point) -> Option<f32> {
        let grid = self.volume.grid();
        let voxel = grid.voxel_from_patient(place);
        let index = |v: f64, n: usize| {
            let v = v.round();
            (v >= 0.0 && v < n as f64).then_some(v as usize)
        };
        let [ni, nj, _] = grid.shape();
        self.volume
            .value(index(voxel.i, ni)?, index(voxel.j, nj)?, self.slice)
    }
}

/// How a PET series is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct UptakeView {
    /// What values are normalised by.
    pub kind: UptakeKind,
    /// What a reader stated.
    pub stated: PetStatement,
    /// What the header states.
    pub header: PetStated,
    /// Which time decay was counted to.
    pub decay_reference: Option<String>,
}

/// A grey picture, rows from the top.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height` grey levels.
    pub gray: Vec<u8>,
    /// Differs whenever the pixels differ.
    pub version: u64,
}

/// Where the pixels of a picture are in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelMap {
    /// Centre of pixel (0, 0), LPS mm.
    pub origin: Point,
    /// Step from one column to the next, mm.
    pub dx: Vec3,
    /// Step from one row to the next, mm.
    pub dy: Vec3,
}

impl PixelMap {
    /// Patient position of a picture position (pixel centres are whole numbers).
    #[must_use]
    pub fn patient(&self, x: f64, y: f64) -> Point {
        Point(self.origin.0 + self.dx * x + self.dy * y)
    }

    /// Picture position of a patient position, projected onto the plane.
    #[must_use]
    pub fn pixel(&self, p: Point) -> [f64; 2] {
        let d = p.0 - self.origin.0;
        let (aa, ab, bb) = (
            self.dx.dot(&self.dx),
            self.dx.dot(&self.dy),
            self.dy.dot(&self.dy),
        );
        let (da, db) = (d.dot(&self.dx), d.dot(&self.dy));
        let det = aa * bb - ab * ab;
        [(da * bb - db * ab) / det, (db * aa - da * ab) / det]
    }
}

/// A slice as shown in a column.
#[derive(Clone, Debug)]
pub struct SliceView {
    /// Which series.
    pub series: SeriesId,
    /// The picture.
    pub picture: Arc<Picture>,
    /// Where it is.
    pub map: PixelMap,
    /// Whether lengths on it are millimetres.
    pub calibrated: bool,
    /// Zero-based slice.
    pub slice: usize,
    /// Number of slices.
    pub n_slices: usize,
    /// The slice is missing: nothing is known of this place.
    pub is_void: bool,
    /// What to know of every slice: lossy, tilt, uneven slices.
    pub badges: Vec<String>,
    /// Slice position along the normal.
    pub position: Mm,
    /// The window shown.
    pub window: WindowLevel,
    /// Unit of the window's numbers.
    pub unit: &'static str,
    /// What gives the value at a place of the slice; `None` where there are no values.
    pub probe: Option<Probe>,
    /// How values are counted, where it is a PET series whose values have a unit.
    pub uptake: Option<Arc<UptakeView>>,
    /// Which of several volumes is shown, and how many there are; `None` where it is one.
    pub frame: Option<FrameOf>,
    /// Presets to offer: name and window.
    pub presets: Vec<(String, WindowLevel)>,
    /// Magnification; 1 fits the view.
    pub zoom: f64,
    /// Shift in picture pixels.
    pub pan: [f64; 2],
    /// Where the planes across cut this slice; `None` where they are not shown.
    pub crosshair: Option<Crosshair>,
    /// Where slices of other columns cut this one.
    pub references: Vec<ReferenceLine>,
    /// The slab that is shown in place of the slice.
    pub slab: Option<Slab>,
    /// The slab is being made; an earlier one is shown, or nothing.
    pub on_its_way: bool,
    /// Its colours.
    pub colours: ColourMap,
    /// Series that may lie over it.
    pub fusible: Vec<FusionRow>,
    /// What lies over it.
    pub fusion: Option<FusionView>,
    /// The picture of that.
    pub fused: Option<FusedView>,
    /// Orientation letters; `None` where left and right are unknown.
    pub letters: Option<Letters>,
    /// Lesions on this slice.
    pub overlays: Vec<Overlay>,
    /// Figures that are measured on this slice.
    pub figures: Vec<FigureView>,
    /// Outlines of the two compared masks on this slice, in picture coordinates.
    pub compared: Option<[Outlines; 2]>,
    /// Slices that carry a mask of some lesion (for marks beside the slice slider).
    pub marked_slices: Vec<usize>,
}

/// The line in which the slice of another series cuts a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceLine {
    /// Whose slice.
    pub of: SeriesId,
    /// Where the slice ends, in picture coordinates.
    pub ends: [[f64; 2]; 2],
}

/// Where the planes of a series meet in a picture, and the lines in which others cut this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Crosshair {
    /// The place where they meet, as a picture position.
    pub at: [f64; 2],
    /// The place itself.
    pub place: Point,
    /// Unit normal of this picture.
    pub normal: Vec3,
    /// The lines.
    pub lines: Vec<PlaneLine>,
}

/// The line in which a plane cuts a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneLine {
    /// A picture position on it, near to where the planes meet.
    pub through: [f64; 2],
    /// Where it leads, as a difference of picture positions.
    pub along: [f64; 2],
    /// Which of the planes across the slices it stands for; `None` for the slice, which cannot be
    /// turned.
    pub across: Option<usize>,
}

/// Closed outlines in picture coordinates: pixel centres are whole numbers, edges lie between.
pub type Outlines = Vec<Vec<[f32; 2]>>;

/// A lesion on a slice, in picture coordinates (pixel centres are whole numbers).
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Which lesion.
    pub lesion: LesionId,
    /// Its label.
    pub label: String,
    /// Position in the lesion list, for its colour.
    pub color: usize,
    /// Closed outlines of the mask along pixel edges.
    pub outlines: Outlines,
    /// Long axis measured on the mask, when it lies in this slice.
    pub long_axis: Option<[[f32; 2]; 2]>,
    /// Short axis measured on the mask, when it lies in this slice.
    pub short_axis: Option<[[f32; 2]; 2]>,
    /// The diameter as drawn, when it lies in this slice.
    pub drawn: Option<[[f32; 2]; 2]>,
    /// The diameter that RECIST counts, with unit; `None` where there is none.
    pub size: Option<String>,
    /// The short axis as drawn, when it lies in this slice.
    pub drawn_short: Option<[[f32; 2]; 2]>,
    /// The mask was filled from a neighbouring slice here and is to be looked at.
    pub propagated: bool,
    /// The mask is not committed: what the gesture under way would give, or what is offered.
    pub preview: bool,
}

/// A plane across the slices: interpolated, to look at.
#[derive(Clone, Debug)]
pub struct SectionView {
    /// Of which series.
    pub series: SeriesId,
    /// Which of the two, from 0.
    pub across: usize,
    /// What the plane is called, for example `Coronal`.
    pub title: String,
    /// The picture.
    pub picture: Arc<Picture>,
    /// Where it is.
    pub map: PixelMap,
    /// Zero-based plane.
    pub plane: usize,
    /// Number of planes.
    pub n_planes: usize,
    /// From one plane to the next, mm.
    pub step: Vec3,
    /// Position of the plane along the nearest axis of the patient.
    pub position: Mm,
    /// The place in this plane where the planes meet.
    pub place: Point,
    /// Where the others cut it.
    pub crosshair: Crosshair,
    /// Where slices of other columns cut it.
    pub references: Vec<ReferenceLine>,
    /// It was turned out of its place across the slices.
    pub turned: bool,
    /// The slab that is shown in place of the plane.
    pub slab: Option<Slab>,
    /// The slab is being made; an earlier one is shown, or nothing.
    pub on_its_way: bool,
    /// Its colours.
    pub colours: ColourMap,
    /// What lies over it.
    pub fused: Option<FusedView>,
    /// Magnification; 1 fits the view.
    pub zoom: f64,
    /// Shift in picture pixels.
    pub pan: [f64; 2],
    /// The window shown.
    pub window: WindowLevel,
    /// Orientation letters; `None` where left and right are unknown.
    pub letters: Option<Letters>,
    /// What measures figures on the image.
    pub probe: Option<Probe>,
    /// Figures that lie in the plane, or what of them it cuts.
    pub figures: Vec<FigureView>,
    /// Where the plane cuts masks.
    pub outlines: Vec<SectionOutline>,
}

/// A mask on a plane across the slices.
#[derive(Clone, Debug)]
pub struct SectionOutline {
    /// Of which lesion.
    pub lesion: LesionId,
    /// Position in the lesion list, for its colour.
    pub color: usize,
    /// Closed outlines in picture coordinates.
    pub outlines: Arc<Outlines>,
    /// The mask is not committed.
    pub preview: bool,
}
