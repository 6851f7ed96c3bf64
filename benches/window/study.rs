//! Four time points of a thousand slices: a body with noise and two lesions.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use oncotwin::app::view::Point;

pub(crate) const TIME_POINTS: usize = 4;
pub(crate) const SLICES: usize = 1000;
pub(crate) const LESIONS: usize = 2;
const SIDE: usize = 512;
/// Distance of voxels, mm.
const MM: f64 = 0.7;
/// Noise that is read from another place in each slice.
const NOISE: usize = SIDE * SIDE + 100_003;

/// Middle and radius of a lesion at a time point, voxels.
const fn lesion(number: usize, time_point: usize) -> ([usize; 3], usize) {
    let middle = if number == 0 {
        [200, 230, 310 + 3 * time_point]
    } else {
        [330, 290, 720 - 2 * time_point]
    };
    (middle, 16 + 2 * time_point)
}

/// The diameter of a lesion along the rows of its middle slice.
pub(crate) fn long_axis(number: usize, time_point: usize) -> [Point; 2] {
    let ([i, j, k], radius) = lesion(number, time_point);
    let at = |i: usize| Point::new(i as f64 * MM, j as f64 * MM, k as f64 * MM);
    [at(i - radius), at(i + radius)]
}

pub(crate) fn write(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let mut state = 12345u32;
    let noise: Vec<i16> = (0..NOISE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % 41) as i16 - 20
        })
        .collect();
    let body: Vec<i16> = (0..SIDE * SIDE)
        .map(|n| {
            let [x, y] = [n % SIDE, n / SIDE].map(|v| v as f64 - 256.0);
            let inside = (x / 230.0).powi(2) + (y / 170.0).powi(2) < 1.0;
            if inside { 40 } else { -1000 }
        })
        .collect();
    let mut text = "[patient]\nid = \"B1\"\nname = \"Bench^Window\"\n".to_owned();
    for time_point in 0..TIME_POINTS {
        let name = format!("t{time_point}.nrrd");
        let file = File::create(folder.join(&name)).expect("a file");
        let mut file = BufWriter::with_capacity(1 << 20, file);
        write!(
            file,
            "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n\
             sizes: {SIDE} {SIDE} {SLICES}\n\
             space directions: ({MM},0,0) (0,{MM},0) (0,0,{MM})\n\
             kinds: domain domain domain\nendian: little\nencoding: raw\n\
             space origin: (0,0,0)\n\n"
        )
        .expect("written");
        for k in 0..SLICES {
            let from = (k * 977 + time_point * 313) % 100_003;
            let own = &noise[from..from + SIDE * SIDE];
            let mut slice: Vec<i16> = body.iter().zip(own).map(|(b, n)| b + n).collect();
            for number in 0..LESIONS {
                paint(&mut slice, k, lesion(number, time_point));
            }
            file.write_all(bytemuck::cast_slice(&slice))
                .expect("written");
        }
        let month = time_point + 1;
        text.push_str(&format!(
            "\n[[image]]\nfile = \"{name}\"\ndate = \"2024-{month:02}-01\"\nmodality = \"CT\"\n"
        ));
    }
    std::fs::write(folder.join("study.toml"), text).expect("written");
}

fn paint(slice: &mut [i16], k: usize, ([x, y, z], radius): ([usize; 3], usize)) {
    let off = k.abs_diff(z);
    if off > radius {
        return;
    }
    for j in y - radius..=y + radius {
        for i in x - radius..=x + radius {
            let (di, dj) = (i.abs_diff(x), j.abs_diff(y));
            if di * di + dj * dj + off * off <= radius * radius {
                slice[j * SIDE + i] += 90;
            }
        }
    }
}
