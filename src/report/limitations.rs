//! What a reader must know before believing a number: from warnings and from the methods used.

use crate::narrate::{CaseSummary, FitSummary, Quantiles, lesion_labels, time_point_label};
use crate::units::{Bulk, Extent};
use crate::warning::Warning;

use super::{Method, Report};

/// Each distinct warning with the places that it holds for, then the limits of the methods.
pub(super) fn limitations(case: &CaseSummary) -> Vec<String> {
    let mut seen: Vec<(&Warning, Vec<String>)> = Vec::new();
    for (warning, place) in warnings(case) {
        let known = seen
            .iter_mut()
            .find(|(w, _)| w.code == warning.code && w.message == warning.message);
        match known {
            Some((_, places)) => places.push(place),
            None => seen.push((warning, vec![place])),
        }
    }
    let mut out: Vec<String> = seen
        .into_iter()
        .map(|(w, places)| format!("{} ({}): {}", w.code.as_str(), places.join("; "), w.message))
        .collect();
    out.extend(of_methods(case).into_iter().map(str::to_owned));
    out
}

fn warnings(case: &CaseSummary) -> Vec<(&Warning, String)> {
    let mut out = Vec::new();
    for (t, visit) in case.time_points.iter().enumerate() {
        out.extend(visit.warnings.iter().map(|w| (w, time_point_label(t))));
    }
    for (lesion, label) in case.lesions.iter().zip(lesion_labels(case)) {
        for t in 0..case.time_points.len() {
            let Some(m) = lesion.measure(t) else { continue };
            let place = format!("lesion {label}, {}", time_point_label(t));
            // What is said of the whole visit is not said again of each lesion.
            let of_visit = &case.time_points[t].warnings;
            let own = m.warnings.iter().filter(|w| !of_visit.contains(w));
            out.extend(own.map(|w| (w, place.clone())));
        }
        if let Some(fit) = &lesion.fit {
            let place = format!("model of lesion {label}");
            out.extend(fit.warnings.iter().map(|w| (w, place.clone())));
        }
    }
    out
}

fn of_methods(case: &CaseSummary) -> Vec<&'static str> {
    let mut out = vec![
        "Diameters are measured between voxel corners of the mask's border, in the plane of acquisition and never across slices; they run up to one voxel longer than between voxel centres.",
        "Volumes count whole voxels of the mask; partly filled voxels at the border are in or out.",
    ];
    let measures = || {
        case.lesions
            .iter()
            .flat_map(|l| l.measures.iter().flatten())
    };
    if measures().any(|m| m.engine.starts_with("growcut")) {
        out.push("Masks are grown from the drawn diameter by GrowCut: where lesion and surroundings differ little in intensity, the outline follows the drawn line more than an edge.");
    }
    if measures().any(|m| matches!(m.volume, Some(Bulk::Voxels(_)))) {
        out.push("Image spacing is not known for some time points: their sizes are pixel and voxel counts, and comparisons between time points assume equal voxels.");
    }
    let fits = || case.lesions.iter().filter_map(|l| l.fit.as_ref());
    if fits().next().is_some() {
        out.push("Bands are posterior quantiles under the growth models named, with their priors and measurement error; they do not hold what these models leave out.");
        out.push("Carrying the last observation forward is a hard rival: on published lesion series (Laleh et al., PLoS Comput Biol 2022;18:e1009822) it predicts held-out sizes with a smaller mean error than the growth models fitted there. It is therefore printed beside every projection.");
        let local = |f: &FitSummary| f.forecaster.as_ref().is_some_and(|f| f.local_level);
        if fits().any(local) {
            out.push("Where no growth model has shown skill on a lesion's own scans, its projection as treated is the last value with the spread that the lesions of five trials showed (same source); patients outside such trials may differ.");
        }
        let any_scenario = fits()
            .flat_map(|f| &f.projections)
            .any(|p| p.scenario.is_some());
        if any_scenario {
            out.push("Scenario arms assume that treatment was not chosen by unmeasured signs of how the disease would develop; dose reductions and switches that followed progression or side effects break this assumption.");
        }
        let widest = |q: &Quantiles<Extent>| q.q95.value() - q.q05.value() > q.q50.value();
        if fits()
            .flat_map(|f| &f.projections)
            .any(|p| widest(&p.factual))
        {
            out.push("At least one projection's 90 % interval is wider than its median: such a projection says little more than the direction.");
        }
    }
    if case.sum.is_some() {
        out.push("The forecast of the sum of diameters takes half of the variance of what the models do not know to be common to the lesions of a patient, which is an assumption; new lesions and lesions that are no targets are not foreseen.");
    }
    out.push("Response is computed from target lesions alone; non-target lesions and new lesions enter the overall response by a reader's judgement.");
    out
}

/// Software, engines, models, seeds, then what the caller adds.
pub(super) fn methods(report: &Report) -> Vec<Method> {
    let line = |name: &str, value: String| Method {
        name: name.into(),
        value,
    };
    let mut out = vec![line("Software", report.header.software.clone())];
    let mut distinct = |name: &str, values: Vec<String>| {
        let mut list: Vec<String> = Vec::new();
        for v in values {
            if !v.is_empty() && !list.contains(&v) {
                list.push(v);
            }
        }
        if !list.is_empty() {
            out.push(line(name, list.join(", ")));
        }
    };
    let lesions = &report.case.lesions;
    distinct(
        "Segmentation engine",
        lesions
            .iter()
            .flat_map(|l| l.measures.iter().flatten())
            .map(|m| m.engine.clone())
            .collect(),
    );
    let fits = || lesions.iter().filter_map(|l| l.fit.as_ref());
    distinct(
        "Growth models",
        fits()
            .flat_map(|f| f.models.iter().map(|m| m.model.clone()))
            .collect(),
    );
    // The sum has fits of its own, of diameters.
    let sum = || report.case.sum.iter();
    distinct(
        "Priors",
        fits()
            .map(|f| f.prior.clone())
            .chain(sum().map(|s| s.prior.clone()))
            .collect(),
    );
    distinct(
        "Seed of the posterior",
        fits()
            .map(|f| f.seed.to_string())
            .chain(sum().map(|s| s.seed.to_string()))
            .collect(),
    );
    out.push(line(
        "Measurement error",
        "diameter: SD of the logarithm \u{221a}(0.05\u{b2} + (0.8 mm / d)\u{b2}); volume: \u{221a}(0.10\u{b2} + (1.5 h / d)\u{b2}), h the larger of voxel and slice (Yoon et al., Eur J Cancer 2016;53:5)"
            .into(),
    ));
    out.extend(report.methods.iter().cloned());
    out
}

/// Mask hashes: lesion, visit, SHA-256.
pub(super) fn masks(case: &CaseSummary) -> Vec<[String; 3]> {
    let mut out = Vec::new();
    for (lesion, label) in case.lesions.iter().zip(lesion_labels(case)) {
        for t in 0..case.time_points.len() {
            if let Some(m) = lesion.measure(t)
                && !m.mask_sha256.is_empty()
            {
                out.push([label.clone(), time_point_label(t), m.mask_sha256.clone()]);
            }
        }
    }
    out
}
