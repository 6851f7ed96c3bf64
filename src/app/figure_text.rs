//! What a figure measures, in words and numbers with units.

use crate::measure::{Figure, FigureKind, FigureMeasures, RegionValues};
use crate::texts::tr;
use crate::units::Length;
use crate::volume::{Intensity, IntensityUnit};

/// Lines of a label beside a figure, the most important first.
pub(crate) fn lines(figure: &Figure, measures: &FigureMeasures) -> Vec<String> {
    let kind = figure.kind();
    let mut lines = Vec::new();
    let sizes = [measures.length, measures.short];
    match kind {
        FigureKind::Length | FigureKind::Bidirectional => lines.extend(diameters(sizes)),
        FigureKind::Angle => lines.extend(measures.angle.map(|a| a.to_string())),
        FigureKind::Ellipse | FigureKind::Polygon => {
            lines.extend(measures.area.map(|a| a.to_string()));
        }
        FigureKind::Sphere => {
            let volume = measures.volume.map(|v| v.display());
            let across = measures
                .length
                .map(|l| tr!("diameter {length}", length = l));
            let both: Vec<String> = volume.into_iter().chain(across).collect();
            lines.push(both.join(", "));
        }
        FigureKind::Probe => {
            let value = measures.values.map(|v| v.mean.to_string());
            lines.push(value.unwrap_or_else(|| tr!("no value").to_owned()));
        }
    }
    if matches!(
        kind,
        FigureKind::Ellipse | FigureKind::Polygon | FigureKind::Sphere
    ) {
        match &measures.values {
            Some(values) => lines.extend(statistics(values)),
            None => lines.push(tr!("no voxel with a value").to_owned()),
        }
    }
    lines
}

/// `34.2 × 12.1 mm`, or the one there is.
fn diameters([long, short]: [Option<Length>; 2]) -> Option<String> {
    Some(match (long?, short) {
        (long, Some(short)) => {
            format!(
                "{:.1} × {:.1} {}",
                long.value(),
                short.value(),
                long.symbol()
            )
        }
        (long, None) => long.to_string(),
    })
}

/// One decimal more than a voxel has: a mean is known better.
fn mean_decimals(unit: IntensityUnit) -> usize {
    match unit {
        IntensityUnit::Hounsfield => 1,
        IntensityUnit::BecquerelPerMl => 0,
        _ => 2,
    }
}

fn statistics(values: &RegionValues) -> Vec<String> {
    let unit = values.mean.unit;
    let decimals = mean_decimals(unit);
    let fixed = |x: Intensity| format!("{:.decimals$}", x.value);
    let mut lines = vec![tr!(
        "mean {mean} ± {sd} {unit}",
        mean = fixed(values.mean),
        sd = fixed(values.sd),
        unit = unit.symbol()
    )];
    if let Some(peak) = values.peak {
        lines.push(tr!(
            "peak {peak} {unit}",
            peak = fixed(peak.value),
            unit = unit.symbol()
        ));
    }
    let bare = |x: Intensity| {
        let text = x.to_string();
        text.split(' ').next().unwrap_or_default().to_owned()
    };
    lines.push(tr!(
        "{min} – {max}, median {median}",
        min = bare(values.min),
        max = bare(values.max),
        median = fixed(values.median)
    ));
    let n = values.n;
    lines.push(match values.n_void {
        0 => tr!("{n} voxels" | "{n} voxels" % n),
        void => tr!(
            "{n} voxels, {void} without a value" | "{n} voxels, {void} without a value" % n,
            void
        ),
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::units::{Area, Mm2, Px};

    fn region(unit: IntensityUnit) -> RegionValues {
        let of = |value| Intensity { value, unit };
        RegionValues {
            n: 12,
            n_void: 0,
            mean: of(45.26),
            sd: of(3.04),
            min: of(40.0),
            max: of(51.0),
            median: of(45.0),
            peak: None,
        }
    }

    #[test]
    fn every_number_has_its_unit() {
        let center = Point::new(0.0, 0.0, 0.0);
        let ellipse = Figure::Ellipse {
            center,
            ends: [Point::new(1.0, 0.0, 0.0), Point::new(0.0, 1.0, 0.0)],
        };
        let mut measures = FigureMeasures {
            area: Some(Area::Mm2(Mm2(314.159))),
            values: Some(region(IntensityUnit::Hounsfield)),
            ..FigureMeasures::default()
        };
        assert_eq!(
            lines(&ellipse, &measures),
            [
                "314 mm²",
                "mean 45.3 ± 3.0 HU",
                "40 – 51, median 45.0",
                "12 voxels"
            ]
        );
        measures.values = None;
        assert_eq!(lines(&ellipse, &measures)[1], "no voxel with a value");
        let pair = FigureMeasures {
            length: Some(Length::Px(Px(34.21))),
            short: Some(Length::Px(Px(12.1))),
            ..FigureMeasures::default()
        };
        let line = Figure::Length { ends: [center; 2] };
        assert_eq!(lines(&line, &pair), ["34.2 × 12.1 px"]);
    }
}
