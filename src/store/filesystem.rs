//! Which kind of file system a folder lies on.
//!
//! SQLite's write-ahead log shares memory between processes through a file, which network file
//! systems do not keep coherent (<https://www.sqlite.org/wal.html>). A local file system taken for
//! one on the network costs speed, the reverse costs records: what is unknown counts as network.

use std::io;
use std::path::{Path, PathBuf};

/// Where the bytes of a folder are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// On this computer, as far as the system tells.
    Local,
    /// On another computer, or shared with one; the name is for people ("NFS", "SSHFS (FUSE)").
    Network(String),
}

/// The file system of `dir`; of its nearest existing ancestor where it does not exist yet.
///
/// # Errors
/// When the system cannot say (no ancestor can be read).
pub fn detect(dir: &Path) -> io::Result<FileSystem> {
    of_existing(&nearest_existing(dir)?)
}

/// The real path of the nearest existing ancestor.
fn nearest_existing(dir: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(dir)?;
    let mut last = None;
    for ancestor in absolute.ancestors() {
        match std::fs::canonicalize(ancestor) {
            Ok(found) => return Ok(found),
            Err(e) if e.kind() == io::ErrorKind::NotFound => last = Some(e),
            Err(e) => return Err(e),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

#[cfg(target_os = "linux")]
fn of_existing(path: &Path) -> io::Result<FileSystem> {
    let stat = rustix::fs::statfs(path)?;
    // The field has another width and sign on each architecture; the numbers have 32 bits.
    Ok(match linux::by_magic(stat.f_type as u32) {
        linux::Kind::Local => FileSystem::Local,
        linux::Kind::Network(name) => FileSystem::Network(name.to_owned()),
        linux::Kind::Fuse => {
            let mounts = std::fs::read("/proc/self/mountinfo")?;
            linux::mounted_type(&mounts, path).map_or_else(
                || FileSystem::Network("FUSE".to_owned()),
                |name| linux::by_fuse_type(&name),
            )
        }
    })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use super::FileSystem;

    /// What the number of a file system tells.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Kind {
        Local,
        Network(&'static str),
        /// A program behind it decides.
        Fuse,
    }

    /// Numbers of `linux/magic.h` and of the file systems that the kernel does not bring along.
    pub(super) const fn by_magic(magic: u32) -> Kind {
        match magic {
            0x6969 => Kind::Network("NFS"),
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Kind::Network("SMB"),
            0x564c => Kind::Network("NCP"),
            0x0102_1997 => Kind::Network("9P"),
            0x5346_414f | 0x6b41_4653 => Kind::Network("AFS"),
            0x00c3_6400 => Kind::Network("Ceph"),
            0x7375_7245 => Kind::Network("Coda"),
            0x0116_1970 => Kind::Network("GFS2"),
            0x7461_636f => Kind::Network("OCFS2"),
            0x6163_6673 => Kind::Network("ACFS"),
            0x0bd0_0bd0 => Kind::Network("Lustre"),
            0x4750_4653 => Kind::Network("GPFS"),
            0xaad7_aaea => Kind::Network("PanFS"),
            0x1983_0326 => Kind::Network("BeeGFS"),
            0x2003_0528 => Kind::Network("OrangeFS"),
            0xbeef_dead => Kind::Network("StorNext"),
            0x0131_11a8 => Kind::Network("IBRIX"),
            0x786f_4256 => Kind::Network("VirtualBox shared folder"),
            0xbacb_acbc => Kind::Network("VMware shared folder"),
            0x7c7c_6673 => Kind::Network("Parallels shared folder"),
            0x6573_5546 => Kind::Fuse,
            _ => Kind::Local,
        }
    }

    pub(super) fn by_fuse_type(name: &str) -> FileSystem {
        let program = name.strip_prefix("fuse.").unwrap_or(name);
        let known = match program {
            // Block devices, and layers that encrypt a folder beside them.
            "fuseblk" | "ntfs-3g" | "lowntfs-3g" | "exfat" | "exfat-fuse" | "fuse2fs"
            | "fuse-ext2" | "dislocker" | "ecryptfs" | "encfs" | "gocryptfs" => {
                return FileSystem::Local;
            }
            "sshfs" => "SSHFS",
            "gvfsd-fuse" => "GVFS",
            "glusterfs" => "GlusterFS",
            "davfs" | "davfs2" => "WebDAV",
            "s3fs" => "S3",
            "ceph-fuse" => "Ceph",
            "fuse" => return FileSystem::Network("FUSE".to_owned()),
            "virtiofs" => return FileSystem::Network("virtiofs".to_owned()),
            other => other,
        };
        FileSystem::Network(format!("{known} (FUSE)"))
    }

    /// Type of the mount that holds `path` according to `/proc/self/mountinfo` (proc(5)): the
    /// deepest mount point above it, and of several mounts on one point the last.
    pub(super) fn mounted_type(mountinfo: &[u8], path: &Path) -> Option<String> {
        mountinfo
            .split(|b| *b == b'\n')
            .filter_map(mount_of_line)
            .filter(|(point, _)| path.starts_with(OsStr::from_bytes(point)))
            .max_by_key(|(point, _)| Path::new(OsStr::from_bytes(point)).components().count())
            .map(|(_, kind)| String::from_utf8_lossy(&kind).into_owned())
    }

    /// Mount point and type of one line; `None` for a line of another shape.
    fn mount_of_line(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut fields = line.split(|b| *b == b' ');
        let point = unescape(fields.nth(4)?);
        let mut behind = fields.skip_while(|field| *field != b"-").skip(1);
        let kind = unescape(behind.next()?);
        (point.starts_with(b"/") && !kind.is_empty()).then_some((point, kind))
    }

    /// Blanks, tabs, line ends, `#` and backslashes stand as three octal digits behind a backslash.
    pub(super) fn unescape(field: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(field.len());
        let mut rest = field;
        while let [first, tail @ ..] = rest {
            rest = tail;
            match (first, tail) {
                (
                    b'\\',
                    [
                        a @ b'0'..=b'3',
                        b @ b'0'..=b'7',
                        c @ b'0'..=b'7',
                        behind @ ..,
                    ],
                ) => {
                    out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                    rest = behind;
                }
                _ => out.push(*first),
            }
        }
        out
    }
}

#[cfg(target_os = "macos")]
fn of_existing(path: &Path) -> io::Result<FileSystem> {
    /// `MNT_LOCAL` of `sys/mount.h`: the file system is stored locally.
    const MNT_LOCAL: u32 = 0x1000;
    let stat = rustix::fs::statfs(path)?;
    if stat.f_flags & MNT_LOCAL != 0 {
        return Ok(FileSystem::Local);
    }
    let name: Vec<u8> = stat.f_fstypename.iter().map(|c| *c as u8).collect();
    let name = name.split(|b| *b == 0).next().unwrap_or_default();
    Ok(FileSystem::Network(
        String::from_utf8_lossy(name).into_owned(),
    ))
}

/// Drive letters of shares have become the names of the shares in the real path.
#[cfg(windows)]
fn of_existing(path: &Path) -> io::Result<FileSystem> {
    use std::path::{Component, Prefix};
    let is_share = path.components().next().is_some_and(|first| {
        matches!(first, Component::Prefix(prefix)
            if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
    });
    Ok(if is_share {
        FileSystem::Network("network share".to_owned())
    } else {
        FileSystem::Local
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn of_existing(_path: &Path) -> io::Result<FileSystem> {
    Ok(FileSystem::Network("unknown file system".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_to_be_is_judged_by_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let here = detect(dir.path()).unwrap();
        assert_eq!(detect(&dir.path().join("a/b/c")).unwrap(), here);
    }

    #[cfg(target_os = "linux")]
    mod linux {
        use super::super::linux::*;
        use super::*;
        use proptest::prelude::*;
        use std::os::unix::ffi::OsStrExt as _;

        #[test]
        fn numbers_of_file_systems() {
            for (magic, name) in [
                (0x6969, "NFS"),
                (0xff53_4d42, "SMB"),
                (0xfe53_4d42, "SMB"),
                (0x0102_1997, "9P"),
                (0x0bd0_0bd0, "Lustre"),
            ] {
                assert_eq!(by_magic(magic), Kind::Network(name));
            }
            // ext4, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS, FAT, NTFS, exFAT.
            for local in [
                0xef53,
                0x5846_5342,
                0x9123_683e,
                0x0102_1994,
                0x794c_7630,
                0x2fc1_2fc1,
                0xf2f5_2010,
                0x4d44,
                0x5346_544e,
                0x2011_bab0,
            ] {
                assert_eq!(by_magic(local), Kind::Local);
            }
            assert_eq!(by_magic(0x6573_5546), Kind::Fuse);
        }

        #[test]
        fn programs_behind_fuse() {
            for (name, said) in [
                ("fuse.sshfs", "SSHFS (FUSE)"),
                ("fuse.rclone", "rclone (FUSE)"),
                ("fuse.gvfsd-fuse", "GVFS (FUSE)"),
                ("fuse.glusterfs", "GlusterFS (FUSE)"),
                ("fuse.of-tomorrow", "of-tomorrow (FUSE)"),
                ("fuse", "FUSE"),
                ("virtiofs", "virtiofs"),
            ] {
                assert_eq!(by_fuse_type(name), FileSystem::Network(said.to_owned()));
            }
            for name in ["fuseblk", "fuse.ntfs-3g", "fuse.ecryptfs", "fuse.gocryptfs"] {
                assert_eq!(by_fuse_type(name), FileSystem::Local);
            }
        }

        const MOUNTS: &str = r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 22 0:27 / /home rw shared:15 master:2 - btrfs /dev/sdb rw
40 31 0:44 / /home/ada/far\040away rw,nosuid - fuse.sshfs ada@host:/data rw
41 31 0:45 / /home/ada/box rw - fuse.rclone remote: rw
42 41 0:46 / /home/ada/box rw - fuseblk /dev/sdc1 rw
short line
";

        #[test]
        fn the_deepest_and_last_mount_counts() {
            let kind = |path: &str| mounted_type(MOUNTS.as_bytes(), Path::new(path));
            assert_eq!(kind("/etc").as_deref(), Some("ext4"));
            assert_eq!(kind("/home/ada").as_deref(), Some("btrfs"));
            assert_eq!(kind("/homely").as_deref(), Some("ext4"));
            assert_eq!(kind("/home/ada/far away/x").as_deref(), Some("fuse.sshfs"));
            assert_eq!(kind("/home/ada/far").as_deref(), Some("btrfs"));
            assert_eq!(kind("/home/ada/box/x").as_deref(), Some("fuseblk"));
            assert_eq!(mounted_type(b"", Path::new("/")), None);
        }

        #[test]
        fn this_system_has_a_root() {
            let mounts = std::fs::read("/proc/self/mountinfo").unwrap();
            assert!(mounted_type(&mounts, Path::new("/proc")).is_some());
        }

        proptest! {
            #[test]
            fn a_mount_point_of_any_name_is_found(
                names in proptest::collection::vec("[a-z \\\\\t#é]{1,8}", 1..4),
            ) {
                let point = format!("/{}", names.join("/"));
                let mut escaped = String::new();
                for c in point.chars() {
                    match c {
                        ' ' | '\t' | '#' | '\\' => escaped.push_str(&format!("\\{:03o}", c as u32)),
                        c => escaped.push(c),
                    }
                }
                prop_assert_eq!(unescape(escaped.as_bytes()), point.as_bytes());
                let lines = format!(
                    "1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / {escaped} rw x:1 - fuse.sshfs b rw\n"
                );
                let inside = Path::new(&point).join("w");
                let found = mounted_type(lines.as_bytes(), &inside);
                prop_assert_eq!(found.as_deref(), Some("fuse.sshfs"));
            }

            #[test]
            fn any_bytes_are_read(
                bytes in proptest::collection::vec(any::<u8>(), 0..200),
                path in proptest::collection::vec(any::<u8>(), 0..20),
            ) {
                let path = Path::new(std::ffi::OsStr::from_bytes(&path));
                mounted_type(&bytes, path);
            }
        }
    }
}
