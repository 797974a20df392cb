//! Whether editors and shells find this program.

use std::path::{Path, PathBuf};

use super::finding::Finding;

/// What is said of it.
pub fn findings() -> Vec<Finding> {
    if !cfg!(feature = "lsp") {
        let message = "this build has no language server: editors show colours only";
        return vec![Finding::doubtful("editor", message).way_out("cargo install --path . --features lsp")];
    }
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    let (Ok(own), found) = (own, in_path()) else { return Vec::new() };
    let directory = own.parent().unwrap_or(Path::new("."));
    let enter = format!("export PATH=\"{}:$PATH\"", directory.display());
    vec![match found {
        Some(found) if found.canonicalize().is_ok_and(|found| found == own) => {
            Finding::fine("editor", "`flow` is in the path, where editors find `flow lsp`")
        }
        Some(other) => {
            let message = format!("editors find another `flow`: {}", other.display());
            Finding::doubtful("editor", message).way_out(enter)
        }
        None => Finding::doubtful("editor", "`flow` is not in the path: no editor finds it").way_out(enter),
    }]
}

/// The first `flow` of the path.
fn in_path() -> Option<PathBuf> {
    let name = format!("flow{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(&name))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}
