//! Memory of this process, where the system tells.

/// MiB now.
pub(super) fn resident_mib() -> Option<f64> {
    line("VmRSS:")
}

/// MiB at most since the start, or since [`forget_peak`].
pub(super) fn peak_mib() -> Option<f64> {
    line("VmHWM:")
}

/// Forgets the largest resident set so far, where the system can.
pub(super) fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

fn line(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
