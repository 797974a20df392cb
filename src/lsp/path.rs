//! What files are called: by editors as URIs, by the language as paths.

use lsp_types::Uri;
use url::Url;

/// Where a text of the standard library is written out for editors, which show nothing but files.
pub fn standard(name: &str) -> String {
    format!("{}/{name}", shelf())
}

/// Whether a path is one of those.
pub fn is_standard(path: &str) -> bool {
    path.starts_with(&shelf())
}

fn shelf() -> String {
    let folder = |variable: &str| std::env::var(variable).ok().filter(|folder| !folder.is_empty());
    let cache = folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| format!("{home}/.cache")))
        .or_else(|| folder("LOCALAPPDATA"))
        .unwrap_or_else(|| std::env::temp_dir().to_string_lossy().into_owned());
    format!("{}/orchestra_flow/{}", cache.replace('\\', "/"), env!("CARGO_PKG_VERSION"))
}

/// The path of a text that the editor calls `uri`; texts that lie nowhere are known by their whole URI.
pub fn of_uri(uri: &Uri) -> String {
    let file = Url::parse(&uri.0).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
    match file {
        Some(path) => path.to_string_lossy().replace('\\', "/"),
        None => uri.0.clone(),
    }
}

/// What an editor is told a path is called.
pub fn to_uri(path: &str) -> Uri {
    match Url::from_file_path(path) {
        Ok(url) => Uri(url.into()),
        Err(()) => Uri(path.to_owned()),
    }
}

/// Whether a path lies in a folder, at whatever depth.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}
