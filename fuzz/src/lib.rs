//! What the fuzz targets share: bytes become files, and the files are opened.

use std::path::Path;

use oncotwin::jobs::JobContext;
use oncotwin::open;

/// Frames of an item that are loaded; the others take the same way.
const FRAMES: usize = 3;

/// Opens files of a folder of their own, as the window does, and loads what can be loaded.
///
/// # Panics
/// When opening panics, which is what is looked for, or when no temporary file can be written.
pub fn open_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .expect("a folder for temporary files");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a temporary file");
    }
    let job = JobContext::default();
    let Ok(items) = open::scan(&[folder.path().to_owned()], &job) else {
        return;
    };
    for item in &items {
        for frame in 0..item.n_frames_4d.min(FRAMES) {
            if item.is_loadable() {
                if let Ok(volume) = open::load(item, frame, &job) {
                    std::hint::black_box(volume.statistics());
                }
            } else if item.is_colour() {
                std::hint::black_box(open::load_colour(item, frame, &job).is_ok());
            }
        }
    }
    std::hint::black_box(open::inspect_json(&items, false, &job).is_ok());
}

/// Files one after the other, each behind its length (32 bits, little endian); a rest that does not
/// fit is a file as well. At most eight.
#[must_use]
pub fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut files = Vec::new();
    while files.len() < 7 {
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
            break;
        };
        let Some((file, behind)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)
        else {
            break;
        };
        files.push(file);
        bytes = behind;
    }
    if !bytes.is_empty() {
        files.push(bytes);
    }
    files
}
