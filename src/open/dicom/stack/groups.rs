//! Which slices of a series belong to one stack.

use super::Slice;
use crate::geometry::Vec3;
use crate::open::dicom::geometry;

/// Direction cosines nearer than this belong to one stack (about 0.06°).
const ORIENTATION_TOLERANCE: f64 = 1e-3;
/// Spacings that shift no corner by more than this belong to one stack, mm.
const CORNER_TOLERANCE_MM: f64 = 0.01;

/// What parts the images of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::open) enum Stacks {
    /// All that a stack shares.
    #[default]
    Apart,
    /// Only what a grid needs; a reader says that the rest belongs together.
    Joined,
}

/// What slices of one stack share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StackKey {
    modality: String,
    size: [usize; 2],
    orientation: Option<usize>,
    spacing: Option<usize>,
    photometric: String,
    image_type: String,
    /// Echo time, µs.
    echo: Option<i64>,
    kernel: String,
    stack: String,
    frame_of_reference: String,
}

impl StackKey {
    /// What a grid needs; stacks that differ otherwise can be joined.
    pub(super) fn joined(self) -> Self {
        Self {
            image_type: String::new(),
            echo: None,
            kernel: String::new(),
            stack: String::new(),
            ..self
        }
    }

    /// Names of what differs among these stacks.
    pub(super) fn differences(keys: &[&Self]) -> Vec<&'static str> {
        let Some(first) = keys.first() else {
            return Vec::new();
        };
        let differ = |is_other: fn(&Self, &Self) -> bool| keys.iter().any(|k| is_other(k, first));
        [
            (
                differ(|a, b| a.image_type != b.image_type),
                "image type (0008,0008)",
            ),
            (differ(|a, b| a.echo != b.echo), "echo time (0018,0081)"),
            (
                differ(|a, b| a.kernel != b.kernel),
                "convolution kernel (0018,1210)",
            ),
            (differ(|a, b| a.stack != b.stack), "stack (0020,9056)"),
        ]
        .into_iter()
        .filter_map(|(differs, name)| differs.then_some(name))
        .collect()
    }
}

/// Orientations and spacings met so far: each begins a cluster that later ones near it join, so
/// that rounding does not part a stack.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    orientations: Vec<[Vec3; 2]>,
    spacings: Vec<[f64; 2]>,
}

fn cluster<T>(known: &mut Vec<T>, new: T, near: impl Fn(&T, &T) -> bool) -> usize {
    known.iter().position(|k| near(k, &new)).unwrap_or_else(|| {
        known.push(new);
        known.len() - 1
    })
}

impl Clusters {
    /// The stack of a slice. Values of ImageType beyond the third, acquisition, time and weighting
    /// are left to [`mod@super::phases`], which looks at them only where positions repeat.
    pub(super) fn key(&mut self, slice: &Slice) -> StackKey {
        let (frame, instance) = (slice.frame, slice.instance);
        let size = [instance.format.rows, instance.format.columns];
        let placed = frame
            .position
            .and(frame.orientation)
            .filter(|o| geometry::orthonormal(*o).is_some());
        let orientation = placed.map(|o| {
            cluster(&mut self.orientations, o, |a, b| {
                (a[0] - b[0]).amax().max((a[1] - b[1]).amax()) <= ORIENTATION_TOLERANCE
            })
        });
        let spacing = frame.spacing.map(|s| {
            cluster(&mut self.spacings, s, |a, b| {
                (0..2).all(|n| (a[n] - b[n]).abs() * size[n] as f64 <= CORNER_TOLERANCE_MM)
            })
        });
        StackKey {
            modality: instance.modality.clone(),
            size,
            orientation,
            spacing,
            photometric: instance.format.photometric.clone(),
            image_type: frame.image_type.clone(),
            echo: frame.echo_time.map(|t| (t * 1e3).round() as i64),
            kernel: instance.kernel.clone(),
            stack: frame.stack.clone(),
            frame_of_reference: instance.frame_of_reference.clone(),
        }
    }
}
