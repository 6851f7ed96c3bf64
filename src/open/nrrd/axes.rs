//! Axes: which of them span space, and where that lies.

use nalgebra::{Matrix3, Matrix4, Vector3};

use super::header::Header;
use crate::open::raw::{Placed, is_placeholder, is_regular};

/// NRRD's own limit.
const MAX_RANK: usize = 16;

/// The axes of an image.
pub(super) struct Axes {
    /// Samples along each axis, the fastest first.
    pub(super) sizes: Vec<usize>,
    /// Values per voxel before the axes of space.
    pub(super) inner: usize,
    pub(super) shape: [usize; 3],
    /// Volumes behind the axes of space.
    pub(super) outer: usize,
    pub(super) placed: Placed,
    /// What the values are, where they are no grey values.
    pub(super) not_measured: Option<&'static str>,
    /// Whether a voxel holds red, green and blue.
    pub(super) is_colour: bool,
}

/// Reads the axes.
pub(super) fn read(header: &Header) -> Result<Axes, String> {
    let sizes: Vec<usize> = words(header, "sizes")
        .map(|w| w.parse::<usize>().ok().filter(|n| *n > 0))
        .collect::<Option<_>>()
        .ok_or("sizes are not whole numbers from 1 up")?;
    let rank = sizes.len();
    if header.field("dimension").and_then(|d| d.parse().ok()) != Some(rank)
        || !(1..=MAX_RANK).contains(&rank)
    {
        return Err("dimension and sizes disagree".to_owned());
    }
    let kinds: Vec<String> = words(header, "kinds").map(str::to_lowercase).collect();
    if !kinds.is_empty() && kinds.len() != rank {
        return Err("the number of kinds is not that of axes".to_owned());
    }
    let space = Space::read(header)?;
    let directions = match header.field("space directions") {
        Some(text) => Some(vectors(text, space.rank)?),
        None => None,
    };
    if directions.as_ref().is_some_and(|d| d.len() != rank) {
        return Err("the number of space directions is not that of axes".to_owned());
    }
    let spatial = spatial_axes(rank, &kinds, directions.as_deref())?;
    let (inner, outer) = around(&sizes, &spatial)?;
    let not_measured = kinds.iter().enumerate().find_map(|(axis, kind)| {
        let many = sizes[axis] > 1 && !spatial.contains(&axis);
        match &**kind {
            "complex" if many => Some("complex numbers"),
            "hsv-color" | "xyz-color" if many => Some("colours other than red, green and blue"),
            _ => None,
        }
    });
    let is_colour = spatial[0] == 1
        && kinds.first().is_some_and(|kind| {
            matches!(&**kind, "rgb-color" | "rgba-color" | "3-color" | "4-color")
        });
    let mut shape = [1; 3];
    for (to, from) in shape.iter_mut().zip(&spatial) {
        *to = sizes[*from];
    }
    let placed = match directions {
        Some(directions) => space.place(header, &directions, &spatial)?,
        None => without_space(header, &sizes, &spatial)?,
    };
    Ok(Axes {
        sizes,
        inner,
        shape,
        outer,
        placed,
        not_measured,
        is_colour,
    })
}

fn words<'a>(header: &'a Header, field: &str) -> impl Iterator<Item = &'a str> {
    header.field(field).unwrap_or_default().split_whitespace()
}

/// The axes that span space, at most three.
fn spatial_axes(
    rank: usize,
    kinds: &[String],
    directions: Option<&[Option<Vector3<f64>>]>,
) -> Result<Vec<usize>, String> {
    let is_spatial = |axis: usize| match directions {
        Some(d) => d[axis].is_some_and(|v| v.norm() > 0.0),
        None => kinds
            .get(axis)
            .is_none_or(|k| matches!(&**k, "domain" | "space" | "none" | "???")),
    };
    let mut spatial: Vec<usize> = (0..rank).filter(|&a| is_spatial(a)).collect();
    if directions.is_some() && spatial.len() > 3 {
        return Err("more than three axes lie in space".to_owned());
    }
    spatial.truncate(3);
    if spatial.is_empty() {
        return Err("no axis lies in space".to_owned());
    }
    Ok(spatial)
}

/// Samples per voxel before, and volumes behind, the axes of space.
fn around(sizes: &[usize], spatial: &[usize]) -> Result<(usize, usize), String> {
    let (first, last) = (spatial[0], spatial[spatial.len() - 1]);
    let between = (first..=last).any(|a| !spatial.contains(&a) && sizes[a] > 1);
    if between {
        return Err("values of a voxel lie between the axes of space".to_owned());
    }
    let product = |part: &[usize]| {
        part.iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .ok_or("sizes are impossible")
    };
    Ok((product(&sizes[..first])?, product(&sizes[last + 1..])?))
}

/// The space that directions and origin are stated in.
struct Space {
    rank: usize,
    /// Turns its axes into left, posterior, superior.
    signs: [f64; 3],
    is_anatomical: bool,
}

impl Space {
    fn read(header: &Header) -> Result<Self, String> {
        let Some(name) = header.field("space") else {
            let rank = match header.field("space dimension") {
                None => 3,
                Some(text) => text
                    .parse()
                    .ok()
                    .filter(|n| (2..=4).contains(n))
                    .ok_or_else(|| format!("a space of dimension {text:?} is not read"))?,
            };
            return Ok(Self {
                rank,
                signs: [1.0; 3],
                is_anatomical: false,
            });
        };
        let lower = name.to_lowercase();
        let (base, rank) = match lower.strip_suffix("-time").or_else(|| {
            (lower.len() == 4)
                .then(|| lower.strip_suffix('t'))
                .flatten()
        }) {
            Some(base) => (base, 4),
            None => (&*lower, 3),
        };
        let (signs, is_anatomical) = match base {
            "right-anterior-superior" | "ras" => ([-1.0, -1.0, 1.0], true),
            "left-anterior-superior" | "las" => ([1.0, -1.0, 1.0], true),
            "left-posterior-superior" | "lps" => ([1.0, 1.0, 1.0], true),
            "scanner-xyz" | "3d-right-handed" | "3d-left-handed" => ([1.0; 3], false),
            _ => return Err(format!("the space {name:?} does not exist")),
        };
        Ok(Self {
            rank,
            signs,
            is_anatomical,
        })
    }

    fn place(
        &self,
        header: &Header,
        directions: &[Option<Vector3<f64>>],
        spatial: &[usize],
    ) -> Result<Placed, String> {
        let (unit, mut unknown) = unit(header);
        let origin = match header.field("space origin") {
            Some(text) => match vectors(text, self.rank)?.as_slice() {
                [Some(origin)] => *origin,
                _ => return Err("space origin is not one position".to_owned()),
            },
            None => Vector3::zeros(),
        };
        let mut steps: Vec<Vector3<f64>> = spatial.iter().filter_map(|&a| directions[a]).collect();
        complete(&mut steps, &mut unknown);
        let signs = Vector3::from(self.signs);
        let steps = Matrix3::from_columns(&steps);
        if !is_regular(&steps) {
            return Err("space directions do not span space".to_owned());
        }
        let mut lps = Matrix4::identity();
        for c in 0..3 {
            let column = steps.column(c).component_mul(&signs) * unit;
            lps.fixed_view_mut::<3, 1>(0, c).copy_from(&column);
        }
        let origin = origin.component_mul(&signs) * unit;
        lps.fixed_view_mut::<3, 1>(0, 3).copy_from(&origin);
        if unknown.is_none() && is_placeholder(&lps) {
            unknown = Some(
                "the header says 1 × 1 × 1 mm at the origin, as converters write when they know \
                 no geometry"
                    .to_owned(),
            );
        }
        Ok(Placed {
            lps,
            side: (!self.is_anatomical)
                .then(|| "the space of the header is not that of a patient".to_owned()),
            spacing: unknown,
            warnings: Vec::new(),
        })
    }
}

/// Adds steps across what an image of fewer than three axes lacks.
fn complete(steps: &mut Vec<Vector3<f64>>, unknown: &mut Option<String>) {
    if steps.len() == 3 {
        return;
    }
    unknown.get_or_insert_with(|| format!("the image has {} axes in space", steps.len()));
    if steps.len() == 1 {
        let along = steps[0];
        let across = if along.x.abs() > along.y.abs() {
            Vector3::y()
        } else {
            Vector3::x()
        };
        steps.push(
            across
                .cross(&along)
                .cross(&across)
                .cross(&along)
                .normalize(),
        );
    }
    steps.push(steps[0].cross(&steps[1]).normalize());
}

/// Millimetres per unit of the space, and why they are not to be believed.
fn unit(header: &Header) -> (f64, Option<String>) {
    let text = header
        .field("space units")
        .or_else(|| header.field("units"))
        .unwrap_or_default();
    let mut found = None;
    for name in text.split('"').skip(1).step_by(2) {
        let name = name.trim();
        let unit = match &*name.to_lowercase() {
            "" | "none" | "???" => continue,
            "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => 1.0,
            "cm" | "centimeter" | "centimeters" => 10.0,
            "m" | "meter" | "meters" => 1000.0,
            "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometers" => 0.001,
            // Units of time stand beside those of space.
            "s" | "sec" | "second" | "seconds" | "ms" => continue,
            _ => return (1.0, Some(format!("the unit {name:?} is not known"))),
        };
        if *found.get_or_insert(unit) != unit {
            return (1.0, Some("axes have different units".to_owned()));
        }
    }
    (found.unwrap_or(1.0), None)
}

/// Spacings and limits of axes without a space: lengths, and no sides.
///
/// Samples fill cells unless the header says that they sit on nodes: the first is half a step
/// behind the minimum.
fn without_space(header: &Header, sizes: &[usize], spatial: &[usize]) -> Result<Placed, String> {
    let numbers = |field: &str| -> Result<Vec<f64>, String> {
        let numbers: Option<Vec<f64>> = words(header, field).map(|w| w.parse().ok()).collect();
        numbers
            .filter(|n| n.is_empty() || n.len() == sizes.len())
            .ok_or_else(|| format!("{field} are not one number per axis"))
    };
    let (spacings, mins, maxs) = (
        numbers("spacings")?,
        numbers("axis mins")?,
        numbers("axis maxs")?,
    );
    let centers: Vec<&str> = words(header, "centers").collect();
    let (unit, mut unknown) = unit(header);
    let mut lps = Matrix4::identity();
    for (row, &axis) in spatial.iter().enumerate() {
        let at = |list: &[f64]| list.get(axis).copied().filter(|v| v.is_finite());
        let is_node = centers.get(axis) == Some(&"node");
        let intervals = if is_node {
            sizes[axis].saturating_sub(1)
        } else {
            sizes[axis]
        };
        let between = match (at(&mins), at(&maxs)) {
            (Some(low), Some(high)) if intervals > 0 => Some((high - low) / intervals as f64),
            _ => None,
        };
        let step = at(&spacings).or(between).filter(|s| *s != 0.0);
        if step.is_none() {
            unknown.get_or_insert_with(|| format!("axis {axis} has no spacing"));
        }
        let step = step.unwrap_or(1.0);
        lps[(row, row)] = step * unit;
        if let Some(low) = at(&mins) {
            let first = if is_node { low } else { low + step / 2.0 };
            lps[(row, 3)] = first * unit;
        }
    }
    if spatial.len() < 3 {
        unknown.get_or_insert_with(|| format!("the image has {} axes in space", spatial.len()));
    }
    if unknown.is_none() && is_placeholder(&lps) {
        unknown = Some("the header says 1 × 1 × 1 at the origin".to_owned());
    }
    Ok(Placed {
        lps,
        side: Some("the header states no space".to_owned()),
        spacing: unknown,
        warnings: Vec::new(),
    })
}

/// Vectors `(a,b,c)` and `none`; components beyond the third (time) are left out.
fn vectors(text: &str, rank: usize) -> Result<Vec<Option<Vector3<f64>>>, String> {
    let malformed = || format!("{text:?} is no list of vectors with {rank} components");
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
            continue;
        }
        let inside = rest.strip_prefix('(').ok_or_else(malformed)?;
        let (inside, after) = inside.split_once(')').ok_or_else(malformed)?;
        let numbers: Vec<f64> = inside
            .split(',')
            .map(|n| n.trim().parse().ok())
            .collect::<Option<_>>()
            .ok_or_else(malformed)?;
        if numbers.len() != rank {
            return Err(malformed());
        }
        let vector = Vector3::from_fn(|r, _| numbers.get(r).copied().unwrap_or(0.0));
        found.push(vector.iter().all(|v| v.is_finite()).then_some(vector));
        rest = after.trim_start();
    }
    Ok(found)
}
