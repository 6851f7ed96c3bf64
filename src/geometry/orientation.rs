//! Orientation letters, computed from direction cosines and never assumed.

use super::Vec3;

/// Letters at the four edges of a displayed slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    /// Left edge of the picture.
    pub left: String,
    /// Right edge of the picture.
    pub right: String,
    /// Top edge of the picture.
    pub top: String,
    /// Bottom edge of the picture.
    pub bottom: String,
}

/// Anatomical letters of a direction in LPS, strongest component first, components below 25 % of
/// the length left out: `(0.9, 0, 0.43)` is `"LH"`. Head and foot are written H and F.
fn letters_of(direction: Vec3) -> String {
    let d = direction.normalize();
    let mut parts = [
        (d.x, if d.x > 0.0 { 'L' } else { 'R' }),
        (d.y, if d.y > 0.0 { 'P' } else { 'A' }),
        (d.z, if d.z > 0.0 { 'H' } else { 'F' }),
    ];
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    parts
        .iter()
        .filter(|(c, _)| c.abs() >= 0.25)
        .map(|(_, letter)| letter)
        .collect()
}

/// Letters at the edges of a picture whose columns advance along `right` and rows along `down`.
#[must_use]
pub fn orientation_letters(right: Vec3, down: Vec3) -> Letters {
    Letters {
        left: letters_of(-right),
        right: letters_of(right),
        top: letters_of(-down),
        bottom: letters_of(down),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axial_supine_shows_patient_right_on_the_left() {
        let l = orientation_letters(Vec3::x(), Vec3::y());
        assert_eq!(
            (&*l.left, &*l.right, &*l.top, &*l.bottom),
            ("R", "L", "A", "P")
        );
    }

    #[test]
    fn oblique_gets_compound_letters() {
        let l = orientation_letters(Vec3::new(0.9, 0.0, 0.436), Vec3::y());
        assert_eq!(l.right, "LH");
    }
}
