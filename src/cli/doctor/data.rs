//! The data directory: who may look into it, who may write there, how much room is left, which version its tables have.

use std::path::Path;

use super::finding::Finding;
use crate::store::keyring::KEY_VARIABLE;
use crate::store::sqlite::{FILE, OpenError, VERSION, examine};

/// Below this a run that keeps large values may find no room.
const ROOM_BYTES_MIN: u64 = 1 << 30;

/// What is said of it.
pub fn findings(data: &Path) -> Vec<Finding> {
    let shown = data.display();
    let Ok(about) = std::fs::metadata(data) else {
        let above = data.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut findings =
            vec![Finding::fine("data", format!("`{shown}` is not there: the first run that is kept makes it"))];
        findings.extend(machine::findings(above));
        return findings;
    };
    if !about.is_dir() {
        let finding = Finding::faulty("data", format!("`{shown}` is a file, and data needs a directory"));
        return vec![finding.way_out(format!("mv {shown} {shown}.file"))];
    }
    let mut findings: Vec<Finding> = machine::findings(data);
    findings.extend(machine::privacy(data, &about));
    findings.extend(store(data));
    findings
}

/// The tables.
fn store(data: &Path) -> Option<Finding> {
    let file = data.join(FILE);
    if !file.exists() {
        return None;
    }
    let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
    Some(match examine(data, key.as_deref()) {
        Ok(()) => {
            Finding::fine("data", format!("`{}` can be read, its tables are of version {VERSION}", file.display()))
        }
        // Whoever uses it next brings it up to date.
        Err(error @ OpenError::Earlier { .. }) => Finding::doubtful("data", error.to_string()),
        Err(error) => Finding::faulty("data", error.to_string()),
    })
}

/// What the operating system says of a directory.
#[cfg(unix)]
mod machine {
    use std::fs::Metadata;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use rustix::fs::{Access, access, statvfs};

    use super::{Finding, ROOM_BYTES_MIN};

    /// Whether something can be written there, and how much.
    pub fn findings(directory: &Path) -> Vec<Finding> {
        let shown = directory.display();
        let mut findings = Vec::new();
        if access(directory, Access::WRITE_OK | Access::EXEC_OK).is_err() {
            let finding = Finding::faulty("data", format!("nothing can be written to `{shown}` by whoever runs this"));
            findings.push(finding.way_out(format!("sudo chown -R \"$(id -un)\" {shown}")));
        }
        if let Ok(about) = statvfs(directory) {
            let room = about.f_bavail.saturating_mul(about.f_frsize);
            let message = format!("{} are free for `{shown}`", in_words(room));
            findings.push(match room < ROOM_BYTES_MIN {
                true => Finding::doubtful("data", message).way_out(format!("df -h {shown}")),
                false => Finding::fine("data", message),
            });
        }
        findings
    }

    /// Whether others may look into it: what runs were given and gave is there.
    pub fn privacy(directory: &Path, about: &Metadata) -> Option<Finding> {
        let shown = directory.display();
        let is_open = about.permissions().mode() & 0o077 != 0;
        is_open.then(|| {
            Finding::doubtful("data", format!("others may look into `{shown}`")).way_out(format!("chmod 700 {shown}"))
        })
    }

    /// `12 GB`
    fn in_words(bytes: u64) -> String {
        match bytes / 1_000_000_000 {
            0 => format!("{} MB", bytes / 1_000_000),
            several => format!("{several} GB"),
        }
    }
}

/// Elsewhere nothing is asked.
#[cfg(not(unix))]
mod machine {
    use std::fs::Metadata;
    use std::path::Path;

    use super::Finding;

    pub fn findings(_: &Path) -> Vec<Finding> {
        let _ = super::ROOM_BYTES_MIN;
        Vec::new()
    }

    pub fn privacy(_: &Path, _: &Metadata) -> Option<Finding> {
        None
    }
}
