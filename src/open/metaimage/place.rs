//! Where a MetaImage lies.

use nalgebra::{Matrix3, Matrix4, Vector3};

use super::header::Header;
use crate::open::raw::{Placed, is_placeholder, is_regular};
use crate::warning::{Warning, WarningCode};

/// The first of several names under which a key is written.
fn numbers(header: &Header, keys: &[&str], expected: usize) -> Result<Option<Vec<f64>>, String> {
    for key in keys {
        if let Some(found) = header.numbers(key)? {
            return if found.len() == expected {
                Ok(Some(found))
            } else {
                Err(format!("{key} does not hold {expected} numbers"))
            };
        }
    }
    Ok(None)
}

/// Computes the place of an image of `rank` dimensions.
pub(super) fn place(header: &Header, rank: usize) -> Result<Placed, String> {
    let matrix = numbers(
        header,
        &["transformmatrix", "rotation", "orientation"],
        rank * rank,
    )?;
    let offset = numbers(header, &["offset", "position", "origin"], rank)?;
    let spacing = numbers(header, &["elementspacing", "elementsize"], rank)?;
    let letters = header.text("anatomicalorientation").unwrap_or_default();
    let mut unknown = None;
    let unit = match header
        .text("distanceunits")
        .map(str::to_lowercase)
        .as_deref()
    {
        None | Some("mm" | "?" | "") => 1.0,
        Some("um") => 0.001,
        Some("cm") => 10.0,
        Some(other) => {
            unknown = Some(format!("the unit {other:?} is not known"));
            1.0
        }
    };
    match &spacing {
        None => unknown = Some("the header states no spacing".to_owned()),
        Some(s) if s.iter().take(3).any(|v| *v == 0.0) => {
            unknown = Some("the header states a spacing of 0".to_owned());
        }
        Some(_) => {}
    }
    if rank < 3 {
        unknown.get_or_insert_with(|| format!("the image has {rank} dimensions"));
    }
    let mut lps = Matrix4::identity();
    for axis in 0..rank.min(3) {
        let step = spacing
            .as_ref()
            .map(|s| s[axis])
            .filter(|s| *s != 0.0)
            .unwrap_or(1.0);
        for row in 0..rank.min(3) {
            let cosine = match &matrix {
                Some(m) => m[axis * rank + row],
                None => f64::from(u8::from(axis == row)),
            };
            lps[(row, axis)] = cosine * step * unit;
        }
        lps[(axis, 3)] = offset.as_ref().map_or(0.0, |o| o[axis]) * unit;
    }
    let steps: Matrix3<f64> = lps.fixed_view::<3, 3>(0, 0).into_owned();
    if !is_regular(&steps) {
        return Err("TransformMatrix does not span space".to_owned());
    }
    if unknown.is_none() && is_placeholder(&lps) {
        unknown = Some(
            "the header says 1 × 1 × 1 mm at the origin, as converters write when they know no \
             geometry"
                .to_owned(),
        );
    }
    let stated = stated_directions(letters);
    let mut warnings = Vec::new();
    if let Some(stated) = &stated
        && (0..3).any(|axis| is_contrary(&steps.column(axis).into_owned(), &stated[axis]))
    {
        warnings.push(Warning::new(
            WarningCode::Sform,
            format!(
                "AnatomicalOrientation {letters} and TransformMatrix disagree; the matrix is used, \
                 as ITK does"
            ),
        ));
    }
    let side = if rank < 3 {
        Some(format!(
            "an image of {rank} dimensions states no orientation"
        ))
    } else if matrix.is_none() && stated.is_none() {
        Some("the header states no orientation".to_owned())
    } else {
        None
    };
    Ok(Placed {
        lps,
        side,
        spacing: unknown,
        warnings,
    })
}

/// Directions by letters; a letter names the side from which an axis comes.
fn stated_directions(letters: &str) -> Option<[Vector3<f64>; 3]> {
    let found: Vec<Vector3<f64>> = letters
        .chars()
        .map(|letter| {
            Some(match letter {
                'R' => Vector3::x(),
                'L' => -Vector3::x(),
                'A' => Vector3::y(),
                'P' => -Vector3::y(),
                'I' => Vector3::z(),
                'S' => -Vector3::z(),
                _ => return None,
            })
        })
        .collect::<Option<_>>()?;
    found.try_into().ok()
}

/// Whether a step does not go to the side that was stated for it, by more than rounding to letters
/// explains (60°).
fn is_contrary(step: &Vector3<f64>, stated: &Vector3<f64>) -> bool {
    step.dot(stated) < 0.5 * step.norm()
}
