//! Slices filled between marked ones, by the shape of their neighbours.
//!
//! Raya & Udupa, IEEE Trans Med Imaging 9 (1990) 32–42: in each of the two marked slices the signed
//! distance of every pixel to the border of the section, weighted by how near that slice is, and
//! marked where the sum is not negative. Here with exact distances in mm, true positions of slices,
//! and each pixel looked up along the slices' normal, as far as slices are shifted against each other.

use ndarray::Array3;

use super::Error;
use super::lattice::Lattice;
use super::region::Region;
use super::section::Section;
use super::work::Work;
use crate::volume::Mask;

/// Sections of which less than this part lies over the other are moved onto each other first.
///
/// A lesion that runs obliquely would otherwise thin out, or vanish, between them. Sections that do
/// lie over each other stay where they are: of a lesion that branches, one part would be moved away.
const LEAST_OVERLAP: f64 = 0.5;
/// Rounding below zero that still counts as on the border, mm.
const ON_BORDER_MM: f64 = 1e-9;

/// The mask with its empty slices between marked ones filled, and which slices that were.
///
/// Slices that were never imaged stay empty.
pub(super) fn fill(work: &Work<'_>) -> Result<(Mask, Vec<usize>), Error> {
    let lattice = Lattice::new(work.grid);
    let own = Region::of(work.mask);
    let mut region = own;
    let mut parts = Vec::new();
    for pair in work.mask.slices().windows(2).filter(|p| p[1] > p[0] + 1) {
        let gap = Gap::new(work, &lattice, [pair[0], pair[1]]);
        for k in pair[0] + 1..pair[1] {
            work.job.check()?;
            if let Some((at, bits)) = gap.section(work, &lattice, k) {
                region = region.joined(at);
                parts.push((k, at, bits));
            }
        }
    }
    let mut bits = work.bits(region.checked()?);
    for (_, at, part) in &parts {
        for ((k, j, i), _) in part.indexed_iter().filter(|(_, b)| **b) {
            bits[region.index([i + at.low[0], j + at.low[1], k + at.low[2]])] = true;
        }
    }
    let filled = parts.iter().map(|(k, _, _)| *k).collect();
    Ok((work.made(region, &bits)?, filled))
}

/// Empty slices between two marked ones.
struct Gap {
    slices: [usize; 2],
    sections: [Section; 2],
    /// Whether the two sections are moved onto each other.
    moves: bool,
}

impl Gap {
    fn new(work: &Work<'_>, lattice: &Lattice<'_>, slices: [usize; 2]) -> Self {
        let sections = slices.map(|k| Section::of(work.mask, k));
        let shift = lattice.foot(lattice.origin(slices[0]), slices[1]);
        let moves = sections[0].overlap(&sections[1], shift) < LEAST_OVERLAP;
        Self {
            slices,
            sections,
            moves,
        }
    }

    /// The section in slice `k`; `None` where nothing is found that may be marked.
    fn section(
        &self,
        work: &Work<'_>,
        lattice: &Lattice<'_>,
        k: usize,
    ) -> Option<(Region, Array3<bool>)> {
        if work.grid.is_void(k) {
            return None;
        }
        let ends = self.slices.map(|s| lattice.depth(s));
        let share = (lattice.depth(k) - ends[0]) / (ends[1] - ends[0]);
        // From pixels of slice k to those of either section.
        let mut shifts = self.slices.map(|s| lattice.foot(lattice.origin(k), s));
        let mut bounds = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
        for (section, shift) in self.sections.iter().zip(shifts) {
            for (a, [low, high]) in section.bounds().into_iter().enumerate() {
                bounds[a][0] = bounds[a][0].min(low - shift[a]);
                bounds[a][1] = bounds[a][1].max(high - shift[a]);
            }
        }
        let region = Region::within([bounds[0], bounds[1], [k as f64; 2]], work.grid.shape())?;
        if self.moves {
            let centres = [0, 1].map(|n| {
                let centre = self.sections[n].centre;
                [0, 1].map(|a| centre[a] - shifts[n][a])
            });
            for a in [0, 1] {
                let middle = centres[0][a] * (1.0 - share) + centres[1][a] * share;
                for n in [0, 1] {
                    shifts[n][a] += centres[n][a] - middle;
                }
            }
        }
        let [di, dj, _] = work.grid.spacing_mm().map(|s| s.0);
        let depths = [0, 1].map(|n| self.sections[n].depth(region, shifts[n], [di, dj]));
        let mut bits = Array3::from_elem(region.dim(), false);
        let mut any = false;
        for ((j, i), first) in depths[0].indexed_iter() {
            let depth = first * (1.0 - share) + depths[1][[j, i]] * share;
            let at = [i + region.low[0], j + region.low[1], k];
            if depth >= -ON_BORDER_MM && work.may_mark(at) {
                bits[[0, j, i]] = true;
                any = true;
            }
        }
        any.then_some((region, bits))
    }
}
