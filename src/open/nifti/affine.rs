//! Where voxels are: sform, else qform, else pixdim (nifti1.h, methods 3, 2, 1), turned to LPS.

use nalgebra::{Matrix3, Matrix4, Vector4};
use nifti::NiftiHeader;

use crate::warning::{Warning, WarningCode};

/// The place of an image.
pub(super) struct Placed {
    /// Maps (i, j, k, 1) to LPS mm.
    pub(super) lps: Matrix4<f64>,
    pub(super) orientation_known: bool,
    /// Why millimetres are not to be believed; `None` where they are.
    pub(super) spacing: Option<String>,
    pub(super) warnings: Vec<Warning>,
}

/// Computes the place of an image. Never fails: what is missing is stated as unknown.
pub(super) fn place(header: &NiftiHeader, shape: [usize; 3]) -> Placed {
    let mut warnings = Vec::new();
    let mut unknown = None;
    let unit = match header.xyzt_units & 0b111 {
        0 | 2 => 1.0,
        1 => 1000.0,
        3 => 0.001,
        other => {
            unknown = Some(format!("the unit of length has the unused code {other}"));
            1.0
        }
    };
    let rank = usize::from(header.dim[0]);
    let mut pixdim = [1.0; 3];
    for (a, step) in pixdim.iter_mut().enumerate() {
        let stated = f64::from(header.pixdim[a + 1]);
        if stated.is_finite() && stated != 0.0 {
            *step = stated.abs();
        }
        // A 2-D image has no third step, hence no volume either.
        if !stated.is_finite() || stated == 0.0 || a >= rank {
            let reason = format!(
                "pixdim[{}] is {stated} in an image of {rank} dimensions",
                a + 1
            );
            unknown.get_or_insert(reason);
        }
    }
    let sform = (header.sform_code > 0).then(|| sform(header));
    let qform = (header.qform_code > 0)
        .then(|| qform(header, pixdim))
        .flatten();
    let usable = |m: &Matrix4<f64>| {
        let steps = m.fixed_view::<3, 3>(0, 0).into_owned();
        m.iter().all(|v| v.is_finite()) && is_regular(&steps)
    };
    let sform_good = sform.filter(usable);
    if sform.is_some() && sform_good.is_none() {
        warnings.push(Warning::new(
            WarningCode::Sform,
            "the sform is singular or not finite and was passed over",
        ));
    }
    if let (Some(s), Some(q)) = (sform_good, qform) {
        let apart = corners_apart(&s, &q, shape) * unit;
        if apart > 0.1 {
            warnings.push(Warning::new(
                WarningCode::Sform,
                format!(
                    "sform and qform place a corner {apart:.1} mm apart; the sform is used, other \
                     programs may use the qform"
                ),
            ));
        }
    }
    let orientation_known = sform_good.is_some() || qform.is_some();
    let ras = sform_good.or(qform).unwrap_or_else(|| {
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
    Placed {
        lps: to_lps * ras,
        orientation_known,
        spacing: unknown,
        warnings,
    }
}

fn sform(header: &NiftiHeader) -> Matrix4<f64> {
    let rows = [
        header.srow_x,
        header.srow_y,
        header.srow_z,
        [0.0, 0.0, 0.0, 1.0],
    ];
    Matrix4::from_fn(|r, c| f64::from(rows[r][c]))
}

/// Rotation by the quaternion, scaled by pixdim, k negated for qfac −1.
fn qform(header: &NiftiHeader, pixdim: [f64; 3]) -> Option<Matrix4<f64>> {
    let [b, c, d] = [header.quatern_b, header.quatern_c, header.quatern_d].map(f64::from);
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
    let steps = rotation
        * Matrix3::from_diagonal(&nalgebra::Vector3::new(
            pixdim[0],
            pixdim[1],
            pixdim[2] * qfac,
        ));
    let shift = [header.quatern_x, header.quatern_y, header.quatern_z].map(f64::from);
    let all_finite = shift.iter().chain(steps.iter()).all(|v| v.is_finite());
    if !all_finite {
        return None;
    }
    let mut m = Matrix4::identity();
    m.fixed_view_mut::<3, 3>(0, 0).copy_from(&steps);
    for (r, v) in shift.iter().enumerate() {
        m[(r, 3)] = *v;
    }
    Some(m)
}

fn is_regular(steps: &Matrix3<f64>) -> bool {
    let volume = steps.column(0).norm() * steps.column(1).norm() * steps.column(2).norm();
    volume > 0.0 && steps.determinant().abs() > 1e-6 * volume
}

fn corners_apart(a: &Matrix4<f64>, b: &Matrix4<f64>, shape: [usize; 3]) -> f64 {
    (0..8)
        .map(|corner: usize| {
            let at = |axis: usize| {
                if corner >> axis & 1 == 1 {
                    shape[axis] as f64 - 1.0
                } else {
                    0.0
                }
            };
            let v = Vector4::new(at(0), at(1), at(2), 1.0);
            (a * v - b * v).norm()
        })
        .fold(0.0, f64::max)
}

/// Exactly 1 mm along every axis, no rotation but flips, and the origin at voxel 0.
fn is_placeholder(ras: &Matrix4<f64>) -> bool {
    (0..3).all(|r| {
        (0..4).all(|c| {
            let expected = if r == c { 1.0 } else { 0.0 };
            (ras[(r, c)].abs() - expected).abs() < 1e-6
        })
    })
}

/// Gives the axes other lengths, keeping directions and origin.
pub(super) fn set_spacing(m: &mut Matrix4<f64>, spacing: [f64; 3]) {
    for (axis, length) in spacing.iter().enumerate() {
        let norm = m.fixed_view::<3, 1>(0, axis).norm();
        if norm > 0.0 {
            m.fixed_view_mut::<3, 1>(0, axis).scale_mut(length / norm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> NiftiHeader {
        NiftiHeader {
            dim: [3, 10, 20, 30, 1, 1, 1, 1],
            pixdim: [1.0, 0.5, 0.9, 3.0, 0.0, 0.0, 0.0, 0.0],
            qform_code: 1,
            sform_code: 0,
            quatern_x: 7.0,
            quatern_y: -8.0,
            quatern_z: 9.0,
            xyzt_units: 2,
            ..NiftiHeader::default()
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
        h.pixdim = [0.0, -0.5, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0];
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
        (h.srow_x, h.srow_y, h.srow_z) = ([0.5, 0., 0., 7.2], [0., 0.9, 0., -8.], [0., 0., 3., 9.]);
        let placed = place(&h, [10, 20, 30]);
        assert_eq!(placed.warnings[0].code, WarningCode::Sform);
        (h.sform_code, h.qform_code) = (0, 0);
        assert!(!place(&h, [10, 20, 30]).orientation_known);
    }

    #[test]
    fn a_placeholder_is_not_believed() {
        let mut h = header();
        h.pixdim = [1.0; 8];
        (h.quatern_x, h.quatern_y, h.quatern_z) = (0.0, 0.0, 0.0);
        h.quatern_d = 1.0;
        assert!(place(&h, [256, 256, 24]).spacing.is_some());
        h.quatern_x = 12.5;
        assert!(place(&h, [256, 256, 24]).spacing.is_none());
    }
}
