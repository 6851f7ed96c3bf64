//! Steps that make a mask, as they are written on the command line.

use crate::case::MaskStep;
use crate::geometry::{Point, Voxel};
use crate::segment::Prompt;
use crate::units::Mm;
use crate::volume::Volume;

/// How a step is written; shown with every text that is none.
const FORM: &str = "a step is KIND:x,y,z;x,y,z… with KIND drag, box, point+, point-, scribble+, \
     scribble-, lasso+ or lasso-, for scribbles with @RADIUS in mm behind the points; or a JSON \
     object as in a review script";

/// Reads a step: `scribble-:1,2,3;4,5,6@2.5`, or the JSON of a [`MaskStep`].
pub(super) fn parse(text: &str) -> Result<MaskStep, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|e| format!("{e}; {FORM}"));
    }
    let wrong = || FORM.to_owned();
    let (kind, places) = text.split_once(':').ok_or_else(wrong)?;
    let (places, radius) = match places.split_once('@') {
        Some((places, radius)) => (places, Some(radius)),
        None => (places, None),
    };
    let points = places
        .split(';')
        .map(super::args::parse_point)
        .collect::<Result<Vec<Point>, String>>()?;
    let radius = match radius {
        None => None,
        Some(r) => Some(
            r.trim()
                .parse::<f64>()
                .ok()
                .filter(|r| r.is_finite() && *r > 0.0)
                .ok_or_else(|| format!("{r:?} is no radius in mm"))?,
        ),
    };
    let prompt = match (kind, &points[..], radius) {
        ("drag", &[a, b], None) => Prompt::Drag { ends: [a, b] },
        ("box", &[a, b], None) => Prompt::Box { corners: [a, b] },
        ("point+" | "point", &[at], None) => Prompt::Point { at, adds: true },
        ("point-", &[at], None) => Prompt::Point { at, adds: false },
        ("scribble+" | "scribble" | "scribble-", _, Some(radius)) => Prompt::Scribble {
            adds: !kind.ends_with('-'),
            radius: Mm(radius),
            points,
        },
        ("lasso+" | "lasso" | "lasso-", &[_, _, _, ..], None) => Prompt::Lasso {
            adds: !kind.ends_with('-'),
            points,
        },
        _ => return Err(wrong()),
    };
    Ok(MaskStep::Prompt { prompt })
}

/// The step with its points taken as voxel indices i,j,k of an image.
pub(super) fn placed(step: MaskStep, volume: &Volume) -> MaskStep {
    let place = |p: Point| {
        let voxel = Voxel::from(<[f64; 3]>::from(p));
        volume.grid().patient_from_voxel(voxel)
    };
    let all = |points: Vec<Point>| points.into_iter().map(place).collect();
    match step {
        MaskStep::Prompt { prompt } => MaskStep::Prompt {
            prompt: match prompt {
                Prompt::Drag { ends } => Prompt::Drag {
                    ends: ends.map(place),
                },
                Prompt::Box { corners } => Prompt::Box {
                    corners: corners.map(place),
                },
                Prompt::Point { at, adds } => Prompt::Point {
                    at: place(at),
                    adds,
                },
                Prompt::Scribble {
                    points,
                    radius,
                    adds,
                } => Prompt::Scribble {
                    points: all(points),
                    radius,
                    adds,
                },
                Prompt::Lasso { points, adds } => Prompt::Lasso {
                    points: all(points),
                    adds,
                },
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str) -> Prompt {
        match parse(text).expect(text) {
            MaskStep::Prompt { prompt } => prompt,
        }
    }

    #[test]
    fn steps_are_read() {
        let p = |x: f64| Point::new(x, 2.0, 3.0);
        assert_eq!(
            prompt("drag:1,2,3;4,2,3"),
            Prompt::Drag {
                ends: [p(1.0), p(4.0)]
            }
        );
        assert_eq!(
            prompt("point-:1,2,3"),
            Prompt::Point {
                at: p(1.0),
                adds: false
            }
        );
        assert_eq!(
            prompt("scribble+:1,2,3;-4,2,3@2.5"),
            Prompt::Scribble {
                points: vec![p(1.0), p(-4.0)],
                radius: Mm(2.5),
                adds: true
            }
        );
        let json = serde_json::to_string(&parse("box:1,2,3;4,2,3").expect("a box")).expect("JSON");
        assert_eq!(parse(&json), parse("box:1,2,3;4,2,3"));
    }

    #[test]
    fn what_is_no_step_is_said() {
        for text in [
            "",
            "drag",
            "drag:1,2,3",
            "drag:1,2,3;4,5",
            "drag:1,2,nan;4,5,6",
            "scribble:1,2,3",
            "scribble:1,2,3@-1",
            "lasso:1,2,3;4,5,6",
            "circle:1,2,3",
            "point*:1,2,3",
            "{\"step\":\"dance\"}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
