//! Thick slices one by one: the drawn one divided by itself, the others one after the other from it.
//!
//! Thick slices are joined so loosely that a division through all of them leaves their outlines to
//! the ellipsoid that the gesture suggests. A lesion that is deeper than it is long, or leans, shows
//! where it goes on in each slice beside the one before it.

use ndarray::Array3;

use super::divide::{Evidence, noise};
use super::field::Field;
use super::hints::Hints;
use super::model::ValueModel;
use super::refit::{self, BESIDE, FEWEST, MOST_PLACE, Place, SURE};
use super::{Error, Params};
use crate::jobs::JobContext;
use crate::volume::{Places, squared_distance};

/// Radii of a lesion, pixels: below the first a slice by itself shows too little to tell anything,
/// from the second on it counts fully.
const RADII: [f64; 2] = [8.0, 13.0];
/// Weights of the drawn slice by itself and of one told from the slice before it, beside the division
/// through all slices.
const DRAWN: f32 = 0.5;
const TOLD: f32 = 0.3;
/// Share of a gesture's voxels that lie in the drawn slice, where there is one.
const IN_ONE: f64 = 0.8;
/// How far a section is expected to shrink, in shrinkages of the ellipsoid that a gesture suggests.
const SHRINKS: f64 = 0.5;
/// Log odds of place one distance of slices within the expected outline.
const SLOPE: f32 = 2.0;
/// Distances of slices within that outline from which paths of the lesion start, and beyond it from
/// which those of the surroundings do.
const STARTS: [f64; 2] = [0.5, 3.0];
/// A section ends the lesion when it is smaller than this part of the one before it, or of the drawn
/// one.
const SMALLER: [f64; 2] = [0.3, 0.05];
/// Farthest slice, in depths of the ellipsoid.
const FARTHEST: f64 = 2.0;
/// Probabilities nearer to 0 or 1 than this are mixed as if they were not.
const CERTAIN: f32 = 0.02;

/// Puts what slices tell one by one into a division through all of them, where a gesture was drawn in
/// one slice and leaves open how deep the lesion is.
pub(super) fn tell(
    place: &Place<'_>,
    seeds: &[usize],
    lesion: &mut [f32],
    params: &Params,
    job: &JobContext,
) -> Result<(), Error> {
    let Some(outline) = place.outline else {
        return Ok(());
    };
    let field = place.field;
    let pixels = place.radius / field.steps[0].min(field.steps[1]);
    let counts = ((pixels - RADII[0]) / (RADII[1] - RADII[0])).clamp(0.0, 1.0) as f32;
    let Some(drawn) = drawn_slice(field, seeds).filter(|_| counts > 0.0) else {
        return Ok(());
    };
    let slice = Slice::new(place, drawn);
    let plane = slice.field.len();
    let here = drawn * plane..(drawn + 1) * plane;
    let seeds: Vec<usize> = seeds
        .iter()
        .filter(|n| here.contains(n))
        .map(|n| n % plane)
        .collect();
    let alone = Place {
        field: &slice.field,
        free: slice.free,
        reach: slice.reach,
        outline: None,
        radius: place.radius,
        hints: &slice.hints,
    };
    let alone = match refit::divided(&alone, &seeds, params, job) {
        // Nothing lies around the lesion in this slice alone.
        Err(Error::NoValues) => return Ok(()),
        made => made?,
    };
    mix(&mut lesion[here.clone()], &alone, DRAWN * counts);
    let drawn_section = Section::new(&slice.field, lesion[here].to_vec(), place.radius, params);
    if drawn_section.lesion.len() < FEWEST[0] || drawn_section.around.len() < FEWEST[1] {
        return Ok(());
    }
    let walk = Walk {
        place,
        drawn: drawn_section,
        deep: outline.half[2],
        noise: noise(&slice.field, |n| slice.reach[n] < 1.0),
    };
    let (down, up) = rayon::join(
        || walk.through((0..drawn).rev(), drawn, params, job),
        || walk.through(drawn + 1..field.size[2], drawn, params, job),
    );
    for (k, told) in down?.into_iter().chain(up?) {
        mix(&mut lesion[k * plane..][..plane], &told, TOLD * counts);
    }
    Ok(())
}

/// The slice that holds a gesture's voxels, where one does.
fn drawn_slice(field: &Field<'_>, seeds: &[usize]) -> Option<usize> {
    let mut counts = vec![0usize; field.size[2]];
    for n in seeds {
        counts[field.at(*n)[2]] += 1;
    }
    let (k, count) = counts.into_iter().enumerate().max_by_key(|c| c.1)?;
    (count > 0 && count as f64 >= IN_ONE * seeds.len() as f64).then_some(k)
}

/// Mixes log odds: a share of the others with what is left of the own.
fn mix(own: &mut [f32], others: &[f32], share: f32) {
    let odds = |p: f32| {
        let p = p.clamp(CERTAIN, 1.0 - CERTAIN);
        (p / (1.0 - p)).ln()
    };
    for (p, other) in own.iter_mut().zip(others) {
        let mixed = (1.0 - share) * odds(*p) + share * odds(*other);
        *p = 1.0 / (1.0 + (-mixed).exp());
    }
}

/// One slice of the place where a lesion is looked for.
struct Slice<'a> {
    field: Field<'a>,
    free: &'a [bool],
    reach: &'a [f32],
    hints: Hints,
}

impl<'a> Slice<'a> {
    fn new(place: &Place<'a>, k: usize) -> Self {
        let field = place.field.slice(k);
        let plane = field.len();
        Self {
            free: &place.free[k * plane..][..plane],
            reach: &place.reach[k * plane..][..plane],
            hints: place.hints.in_slice(k, plane),
            field,
        }
    }
}

/// A lesion in one slice.
struct Section {
    /// Probability of lesion.
    p: Vec<f32>,
    /// Values of the lesion and of what lies beside it.
    lesion: Vec<f32>,
    around: Vec<f32>,
}

impl Section {
    fn new(field: &Field<'_>, p: Vec<f32>, radius: f64, params: &Params) -> Self {
        let shape = field.smoothed(&p, params.shape_blur * radius);
        let (mut lesion, mut around) = (Vec::new(), Vec::new());
        for n in (0..p.len()).filter(|n| field.values[*n].is_finite()) {
            if p[n] > SURE && shape[n] > 0.5 {
                lesion.push(field.values[n]);
            } else if p[n] < 1.0 - SURE && BESIDE.contains(&shape[n]) {
                around.push(field.values[n]);
            }
        }
        Self { p, lesion, around }
    }

    fn count(&self, least: f32) -> f64 {
        self.p.iter().filter(|p| **p > least).count() as f64
    }

    /// Depth of each pixel within the section, mm; negative outside.
    fn depth(&self, field: &Field<'_>) -> Vec<f32> {
        let [ni, nj, _] = field.size;
        let places = Places::even(field.size, field.steps);
        let within = Array3::from_shape_fn((1, nj, ni), |(_, j, i)| self.p[j * ni + i] > 0.5);
        let to_within = squared_distance(&within, &places);
        let to_outside = squared_distance(&within.mapv(|b| !b), &places);
        // The outline lies between the pixels' middles.
        let half = (0.5 * field.steps[0].min(field.steps[1])) as f32;
        let pairs = to_within.iter().zip(&to_outside);
        let signed = pairs.map(|(within, outside)| match *within {
            w if w > 0.0 => half - w.sqrt(),
            _ => outside.sqrt() - half,
        });
        signed.collect()
    }
}

/// From the drawn slice to others.
struct Walk<'a> {
    place: &'a Place<'a>,
    drawn: Section,
    /// Depth of the ellipsoid that the gesture suggests, mm.
    deep: f64,
    /// Noise of one pixel.
    noise: f32,
}

impl Walk<'_> {
    /// Slices in turn, each from the one before it, with their probabilities, as far as the lesion
    /// is found.
    fn through(
        &self,
        slices: impl Iterator<Item = usize>,
        drawn: usize,
        params: &Params,
        job: &JobContext,
    ) -> Result<Vec<(usize, Vec<f32>)>, Error> {
        let field = self.place.field;
        let drawn_count = self.drawn.count(0.5);
        let pixel = field.steps[0] * field.steps[1];
        let round = (drawn_count * pixel / std::f64::consts::PI).sqrt();
        let narrowed = |z: f64| (1.0 - (z / self.deep).powi(2)).max(0.0).sqrt();
        let (mut made, mut z) = (Vec::new(), 0.0);
        let mut before: Option<(Section, f64)> = None;
        let mut last = drawn;
        for k in slices {
            let gap = field.gaps[k.min(last)];
            if z + gap > FARTHEST * self.deep {
                break;
            }
            let step = Step {
                shrinks: SHRINKS * round * (narrowed(z) - narrowed(z + gap)),
                wide: gap.min(round),
            };
            let (section, count) = match &before {
                Some((section, count)) => (section, *count),
                None => (&self.drawn, drawn_count),
            };
            let Some(p) = self.next(section, k, &step, params, job)? else {
                break;
            };
            let now = Section::new(
                &Slice::new(self.place, k).field,
                p,
                self.place.radius,
                params,
            );
            let found = now.count(params.cut);
            if found < SMALLER[0] * count || found < SMALLER[1] * drawn_count {
                break;
            }
            made.push((k, now.p.clone()));
            before = Some((now, found));
            (z, last) = (z + gap, k);
        }
        Ok(made)
    }

    /// Probability of lesion in a slice beside one that is known; `None` where nothing goes on.
    fn next(
        &self,
        before: &Section,
        k: usize,
        step: &Step,
        params: &Params,
        job: &JobContext,
    ) -> Result<Option<Vec<f32>>, Error> {
        let Slice {
            field, free, hints, ..
        } = Slice::new(self.place, k);
        let (mut lesion, mut around) = (self.drawn.lesion.clone(), self.drawn.around.clone());
        // Values drift from slice to slice.
        if before.lesion.len() >= FEWEST[0] {
            lesion.extend(&before.lesion);
        }
        if before.around.len() >= FEWEST[1] {
            around.extend(&before.around);
        }
        let Some(model) = ValueModel::new(&lesion, &around, self.noise, params) else {
            return Ok(None);
        };
        let (wide, shrinks) = (step.wide as f32, step.shrinks as f32);
        let depth: Vec<f32> = before
            .depth(&field)
            .iter()
            .map(|d| (d - shrinks) / wide)
            .collect();
        let of_place = |n: usize| (SLOPE * depth[n]).clamp(-MOST_PLACE, MOST_PLACE);
        let prior: Vec<f32> = (0..field.len())
            .map(|n| of_place(n) + hints.shift(n))
            .collect();
        let plus: Vec<usize> = hints.plus.iter().copied().filter(|n| free[*n]).collect();
        let is_start = |n: &usize| {
            free[*n] && depth[*n] > STARTS[0] as f32 && model.log_odds(field.values[*n]) > 0.0
        };
        let mut starts: Vec<usize> = (0..field.len()).filter(is_start).collect();
        starts.extend(&plus);
        if starts.is_empty() {
            return Ok(None);
        }
        let is_beyond = |n: &usize| !free[*n] || depth[*n] < -STARTS[1] as f32;
        let outside: Vec<usize> = (0..field.len()).filter(is_beyond).collect();
        let pixel = field.steps[0].min(field.steps[1]);
        let evidence = Evidence {
            field: &field,
            free,
            inside: &starts,
            held: None,
            outside: &outside,
            prior: &prior,
            lesion: &lesion,
            model: &model,
            sectors: None,
            radius: (self.place.radius / pixel) as f32,
            noise: self.noise,
        };
        let known = evidence.known(params, job)?;
        // Where paths start is likely, not certain.
        let evidence = Evidence {
            inside: &plus,
            ..evidence
        };
        Ok(Some(evidence.divide(&known, params, job)?))
    }
}

/// What is expected from one slice to the next, mm.
struct Step {
    /// How far the outline moves inwards.
    shrinks: f64,
    /// How far it may move anyhow.
    wide: f64,
}
