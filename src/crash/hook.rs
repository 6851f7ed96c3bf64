//! The panic hook and the text that it writes.

use std::backtrace::Backtrace;
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::redact::{relative, without_homes};

/// Reports kept; when a new one is written the oldest give way.
const MOST_REPORTS: usize = 20;

/// Longest report in bytes; a backtrace of endless recursion is cut.
pub(super) const LONGEST: usize = 1 << 20;

pub(super) const MESSAGE: &str = "message:";
pub(super) const PLACE: &str = "place:";
const WITHHELD: &str = "withheld, because it was put together at run time and may quote the record";

/// Panics of this process so far: once its reports fill the folder, further ones tell nothing new.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Writes a report into `dir` whenever a thread panics from now on, before the hook that was set so
/// far is called.
pub fn install(dir: PathBuf, app_version: &'static str) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if PANICS.fetch_add(1, Ordering::Relaxed) < MOST_REPORTS
            && let Err(error) = report(&dir, app_version, info)
        {
            // A panic inside a panic would end the process.
            tracing::error!("the crash report could not be written: {error}");
        }
        before(info);
    }));
}

fn report(dir: &Path, app_version: &str, info: &PanicHookInfo<'_>) -> io::Result<()> {
    let thread = std::thread::current();
    let place = info.location().map_or_else(
        || "unknown".to_owned(),
        |at| format!("{}:{}:{}", relative(at.file()), at.line(), at.column()),
    );
    // A literal is part of the source code; anything else was made from data.
    let message = info.payload().downcast_ref::<&'static str>();
    #[expect(
        clippy::disallowed_methods,
        reason = "a hook is called by the system, and nobody hands it the time"
    )]
    let time = stamp(SystemTime::now());
    let mut text = format!(
        "OncoTwin crash report\n\
         It holds no patient data and stays on this computer unless you pass it on.\n\
         \n\
         version:  {app_version}\n\
         system:   {} {}\n\
         time:     {time}\n\
         thread:   {}\n\
         {PLACE:<10}{place}\n\
         {MESSAGE:<10}{}\n\
         \n\
         {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        thread
            .name()
            .filter(|name| is_plain(name))
            .unwrap_or("unnamed"),
        message.map_or(WITHHELD, |text| text.lines().next().unwrap_or_default()),
        without_homes(&Backtrace::force_capture().to_string()),
    );
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    write(dir, &time, &text)
}

/// Names of threads are set in the source code, but a library might name one after a file.
fn is_plain(name: &str) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-:#".contains(&b))
}

fn write(dir: &Path, time: &str, text: &str) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    let process = std::process::id();
    for number in 0..MOST_REPORTS {
        let suffix = if number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        let path = dir.join(format!("crash-{time}-{process}{suffix}.txt"));
        match File::create_new(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return remove_oldest(dir);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn remove_oldest(dir: &Path) -> io::Result<()> {
    let names = super::names(dir);
    let superfluous = names.len().saturating_sub(MOST_REPORTS);
    for (name, _) in names.iter().take(superfluous) {
        std::fs::remove_file(dir.join(name))?;
    }
    Ok(())
}

/// The time in the name of a report; `None` for the name of another file.
pub(super) fn time_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("crash-")?.strip_suffix(".txt")?;
    let (time, process) = rest.split_at_checked("2026-03-01T10-00-00Z".len())?;
    let pattern = b"dddd-dd-ddTdd-dd-ddZ";
    let fits = time.bytes().zip(pattern).all(|(b, p)| match p {
        b'd' => b.is_ascii_digit(),
        other => b == *other,
    });
    let numbers = process.strip_prefix('-')?;
    let plain = numbers.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    (fits && plain && !numbers.is_empty()).then_some(time)
}

/// A time in UTC as part of a file name: `2026-03-01T10-00-00Z`.
///
/// Done by hand, so that nothing in a dying process depends on time zones being readable; days to
/// dates after Hinnant, "chrono-compatible low-level date algorithms".
fn stamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}-{:02}-{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::super::{CrashReport, pending, settle};
    use super::*;

    /// The hook belongs to the whole process: one test sets it.
    #[test]
    fn a_panic_leaves_a_report_without_its_data() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("crashes");
        install(folder.clone(), "9.8.7-test");
        let name = "Yamada^Tarou";
        let panics = [
            std::thread::Builder::new()
                .name("literal".into())
                .spawn(|| panic!("the list of runs is empty")),
            std::thread::Builder::new()
                .name(format!("of {name}"))
                .spawn(move || panic!("no lesion of {name}")),
        ];
        for thread in panics {
            thread.unwrap().join().unwrap_err();
        }
        drop(std::panic::take_hook());
        // Other tests of this process may have panicked meanwhile.
        let mut reports = pending(&folder);
        reports.retain(|r| r.summary.contains("crash/hook.rs:"));
        assert_eq!(reports.len(), 2);
        let of = |said: &str| -> &CrashReport {
            let mut found = reports.iter().filter(|r| r.summary.contains(said));
            found.next().unwrap()
        };
        let literal = of("the list of runs is empty");
        assert!(literal.text.contains("thread:   literal\n"));
        assert!(literal.text.contains("9.8.7-test"));
        assert!(literal.text.contains(std::env::consts::ARCH));
        assert!(literal.text.contains("crash::hook"), "no backtrace");
        let withheld = of("withheld");
        assert!(!withheld.text.contains("Yamada"));
        assert!(!withheld.text.contains("no lesion"));
        if let Some(home) = std::env::home_dir().filter(|home| home.as_os_str().len() > 1) {
            assert!(!literal.text.contains(&*home.to_string_lossy()));
        }

        settle(&literal.path, true).unwrap();
        settle(&withheld.path, false).unwrap();
        let kept: Vec<_> = std::fs::read_dir(folder.join("seen")).unwrap().collect();
        assert_eq!(kept.len(), 1);
        settle(&folder.join("thesis.txt"), false).unwrap_err();
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for seconds in [0, 951_782_400, 1_709_251_199, 4_107_542_400, 1_767_225_600] {
            let time = jiff::Timestamp::from_second(seconds).unwrap();
            let expected = time.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
            let said = stamp(UNIX_EPOCH + Duration::from_secs(seconds as u64));
            assert_eq!(said, expected);
            assert_eq!(time_of(&format!("crash-{said}-12.txt")), Some(&*said));
        }
        for name in [
            "crash-.txt",
            "crash-2026-03-01T10-00-00Z.txt",
            "crash-2026-03-01T10-00-00Z-x.txt",
            "crash-2026-03-01 10-00-00Z-1.txt",
            "crash-äääääääääääääääääääää-1.txt",
        ] {
            assert_eq!(time_of(name), None, "{name}");
        }
    }

    #[test]
    fn the_oldest_reports_give_way() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..30 {
            write(dir.path(), &stamp(UNIX_EPOCH + Duration::from_secs(n)), "x").unwrap();
        }
        let reports = pending(dir.path());
        assert_eq!(reports.len(), MOST_REPORTS);
        assert_eq!(reports[0].created, "1970-01-01T00-00-29Z");
        assert_eq!(reports[0].summary, "unreadable report");
    }
}
