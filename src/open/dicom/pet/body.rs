//! Body size: what SUV is normalised by.
//!
//! Lean body mass after James (Research on Obesity, 1976) as most programs use it, and after
//! Janmahasatian et al. (Clin Pharmacokinet 44:1051, 2005); body surface area after Du Bois and
//! Du Bois (Arch Intern Med 17:863, 1916).

/// Sex, where it is one that the formulas know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Female,
    Male,
}

impl Sex {
    /// From PatientSex (0010,0040).
    pub(super) fn from_code(code: &str) -> Option<Self> {
        match code {
            "F" => Some(Self::Female),
            "M" => Some(Self::Male),
            _ => None,
        }
    }
}

/// Lean body mass after James, kg; height in m.
pub(super) fn james(sex: Sex, weight: f64, height: f64) -> f64 {
    let ratio = weight / (height * 100.0);
    match sex {
        Sex::Male => 1.10 * weight - 128.0 * ratio * ratio,
        Sex::Female => 1.07 * weight - 148.0 * ratio * ratio,
    }
}

/// Lean body mass after Janmahasatian, kg; height in m.
pub(super) fn janmahasatian(sex: Sex, weight: f64, height: f64) -> f64 {
    let bmi = weight / (height * height);
    match sex {
        Sex::Male => 9270.0 * weight / (6680.0 + 216.0 * bmi),
        Sex::Female => 9270.0 * weight / (8780.0 + 244.0 * bmi),
    }
}

/// Body surface area after Du Bois, m²; height in m.
pub(super) fn du_bois(weight: f64, height: f64) -> f64 {
    0.007_184 * weight.powf(0.425) * (height * 100.0).powf(0.725)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_give_their_published_sizes() {
        // A man of 70 kg and 1.75 m: 56.5 kg (James), 55.9 kg (Janmahasatian), 1.85 m² (Du Bois).
        assert!((james(Sex::Male, 70.0, 1.75) - 56.52).abs() < 0.01);
        assert!((janmahasatian(Sex::Male, 70.0, 1.75) - 55.857).abs() < 0.001);
        assert!((du_bois(70.0, 1.75) - 1.848).abs() < 0.001);
        assert!((james(Sex::Female, 60.0, 1.65) - 44.63).abs() < 0.01);
        assert!((janmahasatian(Sex::Female, 60.0, 1.65) - 39.287).abs() < 0.001);
    }
}
