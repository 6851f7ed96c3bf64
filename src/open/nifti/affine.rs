//! Where voxels are: sform, else qform, else pixdim (nifti1.h, methods 3, 2, 1), turned to LPS.

use nalgebra::{Matrix3, Matrix4, Vector3, Vector4};

use super::header::Header;
use crate::open::SPACING_UNKNOWN;
use crate::open::raw::{Format, Placed, corners_apart, is_placeholder, is_regular, turned_deg};
use crate::warning::{Warning, WarningCode};

/// Lengths of voxels as the header states them.
struct Steps {
    /// Absolute values; 1 where none is stated.
    mm: [f64; 3],
    /// Why they are not to be believed.
    unknown: Option<String>,
    negative: Option<usize>,
}

fn steps(header: &Header) -> Steps {
    let rank = header.rank();
    let mut steps = Steps {
        mm: [1.0; 3],
        unknown: None,
        negative: None,
    };
    for (axis, step) in steps.mm.iter_mut().enumerate() {
        let stated = header.pixdim[axis + 1];
        if stated.is_finite() && stated != 0.0 {
            *step = stated.abs();
        }
        if stated < 0.0 {
            steps.negative.get_or_insert(axis + 1);
        }
        // A 2-D image has no third step, hence no volume either.
        if !stated.is_finite() || stated == 0.0 || axis >= rank {
            let reason = format!(
                "pixdim[{}] is {stated} in an image of {rank} dimensions",
                axis + 1
            );
            steps.unknown.get_or_insert(reason);
        }
    }
    steps
}

/// Computes the place of an image. Never fails: what is missing is stated as unknown.
pub(super) fn place(header: &Header, shape: [usize; 3]) -> Placed {
    let mut warnings = Vec::new();
    let mut odd = |message: String| warnings.push(Warning::new(WarningCode::Sform, message));
    let Steps {
        mm: pixdim,
        mut unknown,
        negative,
    } = steps(header);
    let unit = match header.xyzt_units & 0b111 {
        0 | 2 => 1.0,
        1 => 1000.0,
        3 => 0.001,
        other => {
            unknown = Some(format!("the unit of length has the unused code {other}"));
            1.0
        }
    };
    // Whatever unit is stated: programs add "mm" when they write a file again.
    if header.spacing_unknown {
        unknown = Some(format!("the header says \u{201c}{SPACING_UNKNOWN}\u{201d}"));
    }
    let usable = |m: &Matrix4<f64>| {
        let steps = m.fixed_view::<3, 3>(0, 0).into_owned();
        m.iter().all(|v| v.is_finite()) && is_regular(&steps)
    };
    let sform = (header.sform_code > 0)
        .then(|| sform(header))
        .filter(usable);
    if header.sform_code > 0 && sform.is_none() {
        odd("the sform is singular or not finite and was passed over".to_owned());
    }
    let qform = (header.qform_code > 0)
        .then(|| qform(header, pixdim))
        .flatten()
        .filter(usable);
    if header.qform_code > 0 && qform.is_none() {
        odd("the qform has no unit quaternion or is not finite and was passed over".to_owned());
    }
    if let (Some(s), Some(q)) = (&sform, &qform) {
        let (apart, turned) = (corners_apart(s, q, shape) * unit, turned_deg(s, q));
        if apart > 0.1 || turned > 0.1 {
            odd(format!(
                "sform and qform place a corner {apart:.1} mm apart and turn an axis by \
                 {turned:.1}°; the sform is used, other programs may use the qform"
            ));
        }
    }
    if let (Some(s), None, None) = (&sform, &qform, &unknown) {
        let lengths = [0, 1, 2].map(|a| s.fixed_view::<3, 1>(0, a).norm());
        let differs = |(ours, stated): (&f64, &f64)| (ours - stated).abs() > 0.01 * stated;
        if lengths.iter().zip(&pixdim).any(differs) {
            let three = |v: [f64; 3]| v.map(|n| format!("{:.4}", n * unit)).join(" × ");
            odd(format!(
                "the sform has voxels of {} mm, pixdim says {} mm; the sform is used, other \
                 programs may use pixdim",
                three(lengths),
                three(pixdim)
            ));
        }
    }
    if let (None, Some(_), Some(axis)) = (&sform, &qform, negative) {
        odd(format!(
            "pixdim[{axis}] is negative, which the qform does not allow; its length alone is used"
        ));
    }
    let side = match (&sform, &qform) {
        (None, None) if header.format == Format::Analyze => {
            Some("Analyze 7.5 states no orientation".to_owned())
        }
        (None, None) => Some("no sform or qform can be used".to_owned()),
        _ => None,
    };
    let ras = sform.or(qform).unwrap_or_else(|| {
        Matrix4::from_diagonal(&Vector4::new(pixdim[0], pixdim[1], pixdim[2], 1.0))
    });
    if unknown.is_none() && unit == 1.0 && is_placeholder(&ras) {
        unknown = Some(
            "the header says 1 × 1 × 1 mm at the origin, as converters write when they know no \
             geometry"
                .to_owned(),
        );
    }
    let to_lps = Matrix4::from_diagonal(&Vector4::new(-unit, -unit, unit, 1.0));
    let mut lps = to_lps * ras;
    lps[(3, 3)] = 1.0;
    Placed {
        lps,
        side,
        spacing: unknown,
        warnings,
    }
}

fn sform(header: &Header) -> Matrix4<f64> {
    let [x, y, z] = header.srow;
    let rows = [x, y, z, [0.0, 0.0, 0.0, 1.0]];
    Matrix4::from_fn(|r, c| rows[r][c])
}

/// Rotation by the quaternion, scaled by pixdim, k negated for qfac −1.
fn qform(header: &Header, pixdim: [f64; 3]) -> Option<Matrix4<f64>> {
    let [b, c, d] = header.quatern;
    let rest = 1.0 - (b * b + c * c + d * d);
    // Single precision leaves unit quaternions slightly too long; more than that is damage.
    if rest.is_nan() || rest < -1e-3 {
        return None;
    }
    let (a, b, c, d) = if rest < 1e-7 {
        let norm = (b * b + c * c + d * d).sqrt();
        (0.0, b / norm, c / norm, d / norm)
    } else {
        (rest.sqrt(), b, c, d)
    };
    let rotation = Matrix3::new(
        a * a + b * b - c * c - d * d,
        2.0 * (b * c - a * d),
        2.0 * (b * d + a * c),
        2.0 * (b * c + a * d),
        a * a + c * c - b * b - d * d,
        2.0 * (c * d - a * b),
        2.0 * (b * d - a * c),
        2.0 * (c * d + a * b),
        a * a + d * d - b * b - c * c,
    );
    let qfac = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let steps =
        rotation * Matrix3::from_diagonal(&Vector3::new(pixdim[0], pixdim[1], pixdim[2] * qfac));
    let mut m = Matrix4::identity();
    m.fixed_view_mut::<3, 3>(0, 0).copy_from(&steps);
    for (r, v) in header.qoffset.iter().enumerate() {
        m[(r, 3)] = *v;
    }
    Some(m)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let mut bytes = vec![0; 348];
        bytes[..4].copy_from_slice(&348i32.to_le_bytes());
        bytes[344..].copy_from_slice(b"n+1\0");
        Header {
            dim: [3, 10, 20, 30, 1, 1, 1, 1],
            pixdim: [1.0, 0.5, 0.9, 3.0, 0.0, 0.0, 0.0, 0.0],
            qform_code: 1,
            qoffset: [7.0, -8.0, 9.0],
            xyzt_units: 2,
            ..Header::parse(&bytes).expect("a header")
        }
    }

    #[test]
    fn qform_with_negative_qfac_and_odd_pixdims_never_panics() {
        let mut h = header();
        h.pixdim[0] = -1.0;
        let placed = place(&h, [10, 20, 30]);
        assert_eq!(placed.lps[(2, 2)], -3.0);
        assert_eq!(placed.lps[(0, 3)], -7.0);
        assert_eq!(placed.lps[(1, 3)], 8.0);
        h.pixdim = [0.0, -0.5, f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert!(place(&h, [10, 20, 30]).spacing.is_some());
    }

    #[test]
    fn metres_and_micrometres_become_millimetres() {
        let mut h = header();
        h.xyzt_units = 3;
        assert!((place(&h, [1, 1, 1]).lps[(2, 2)] - 0.003).abs() < 1e-9);
        h.xyzt_units = 1;
        assert!((place(&h, [1, 1, 1]).lps[(2, 2)] - 3000.0).abs() < 1e-3);
    }

    #[test]
    fn disagreeing_forms_are_named_and_no_code_means_no_side() {
        let mut h = header();
        h.sform_code = 1;
        h.srow = [[0.5, 0., 0., 7.2], [0., 0.9, 0., -8.], [0., 0., 3., 9.]];
        let placed = place(&h, [10, 20, 30]);
        assert_eq!(placed.warnings[0].code, WarningCode::Sform);
        (h.sform_code, h.qform_code) = (0, 0);
        assert!(place(&h, [10, 20, 30]).side.is_some());
    }

    #[test]
    fn a_placeholder_is_not_believed() {
        let mut h = header();
        h.pixdim = [1.0; 8];
        h.qoffset = [0.0; 3];
        h.quatern = [0.0, 0.0, 1.0];
        assert!(place(&h, [256, 256, 24]).spacing.is_some());
        h.qoffset[0] = 12.5;
        assert!(place(&h, [256, 256, 24]).spacing.is_none());
    }

    #[test]
    fn a_turn_alone_is_a_disagreement_and_shear_is_kept() {
        let mut h = header();
        h.pixdim = [1.0; 8];
        (h.sform_code, h.qoffset) = (1, [5.0; 3]);
        let turn = 0.2f64.to_radians();
        h.srow = [
            [turn.cos(), -turn.sin(), 0.0, 5.0],
            [turn.sin(), turn.cos(), 0.0, 5.0],
            [0.0, 0.0, 1.0, 5.0],
        ];
        let placed = place(&h, [3, 3, 3]);
        assert_eq!(placed.warnings.len(), 1);
        h.srow[0][2] = 0.3;
        assert_eq!(place(&h, [3, 3, 3]).lps[(0, 2)], -0.3);
    }

    #[test]
    fn an_sform_that_contradicts_pixdim_is_named() {
        let mut h = header();
        (h.sform_code, h.qform_code) = (1, 0);
        h.srow = [[0.5, 0., 0., 7.], [0., 0.9, 0., -8.], [0., 0., 3.02, 9.]];
        assert!(place(&h, [10, 20, 30]).warnings.is_empty());
        h.srow[2][2] = 2.0;
        let placed = place(&h, [10, 20, 30]);
        assert_eq!(placed.warnings[0].code, WarningCode::Sform);
        assert!(placed.warnings[0].message.contains("3.0000"));
    }

    #[test]
    fn a_note_that_spacing_is_unknown_is_honoured() {
        let mut h = header();
        h.spacing_unknown = true;
        assert!(place(&h, [10, 20, 30]).spacing.is_some());
    }

    #[test]
    fn broken_forms_fall_back_by_name() {
        let mut h = header();
        h.quatern = [0.9, 0.9, 0.0];
        let placed = place(&h, [10, 20, 30]);
        assert!(placed.side.is_some());
        assert_eq!(placed.warnings[0].code, WarningCode::Sform);
        h.quatern = [0.6, 0.8, 1e-5];
        assert!(place(&h, [10, 20, 30]).side.is_none());
    }
}
