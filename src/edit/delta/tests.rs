use super::*;
use crate::geometry::{Point, Vec3};
use ndarray::Array3;
use proptest::prelude::*;

const SHAPE: [usize; 3] = [5, 4, 3];

fn mask(bits: Vec<bool>) -> Mask {
    let origins = (0..3).map(|k| Point::new(0.0, 0.0, f64::from(k))).collect();
    let grid = Grid::new(SHAPE, Vec3::x(), Vec3::y(), origins, None).expect("valid");
    let bits = Array3::from_shape_vec((3, 4, 5), bits).expect("60 voxels");
    Mask::from_box(Arc::new(grid), [0; 3], &bits).expect("fits")
}

fn bits(density: f64) -> impl Strategy<Value = Vec<bool>> {
    proptest::collection::vec(proptest::bool::weighted(density), 60)
}

proptest! {
    #[test]
    fn it_leads_there_and_back(a in bits(0.3), b in bits(0.6)) {
        let (before, after) = (mask(a.clone()), mask(b.clone()));
        let delta = Delta::between(&before, &after).expect("same grid");
        prop_assert_eq!(delta.apply(&before).expect("before"), after);
        prop_assert_eq!(delta.apply(&mask(b.clone())).expect("after"), before);
        let n = a.iter().zip(&b).filter(|(a, b)| a != b).count();
        prop_assert_eq!((delta.n_changed(), delta.is_empty()), (n, n == 0));
        let stored = Delta::from_bytes(&delta.to_bytes()).expect("own bytes");
        prop_assert_eq!(stored, delta);
    }

    #[test]
    fn damage_is_found(a in bits(0.5), b in bits(0.5), at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let mut bytes = Delta::between(&mask(a), &mask(b)).expect("same grid").to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Delta::from_bytes(&bytes).is_err());
        prop_assert!(Delta::from_bytes(&bytes[..at]).is_err());
    }

    #[test]
    fn foreign_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..60), signed in any::<bool>()) {
        use sha2::{Digest as _, Sha256};
        let mut bytes = body;
        if signed {
            let mut whole = b"OTMD\x01\x05\x04\x03".to_vec();
            whole.append(&mut bytes);
            let check = Sha256::digest(&whole);
            whole.extend(check.iter().take(8));
            bytes = whole;
        }
        if let Ok(delta) = Delta::from_bytes(&bytes) {
            prop_assert_eq!(delta.to_bytes(), bytes);
            let full = mask(vec![true; 60]);
            if let Ok(made) = delta.apply(&full) {
                prop_assert_eq!(delta.apply(&made).expect("back"), full);
            }
        }
    }
}

#[test]
fn another_state_is_refused() {
    let only = |n: usize| mask((0..60).map(|v| v < n).collect());
    let delta = Delta::between(&only(10), &only(20)).expect("same grid");
    assert!(matches!(
        delta.apply(&only(30)),
        Err(DeltaError::OtherState { found: 30, .. })
    ));
    // As many voxels as before, but others.
    let moved = mask((0..60).map(|v| (15..25).contains(&v)).collect());
    assert!(delta.apply(&moved).is_err());
}
