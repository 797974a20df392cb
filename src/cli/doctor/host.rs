//! The hosts that programs ask by `http.*`.

use futures_util::future::join_all;

use super::finding::Finding;
use super::reach::{ask, touched};
use crate::base::failure::Kind;
use crate::base::value::Value;
use crate::host::Program;

/// Asks each host for its first page, without credentials: any answer will do.
pub async fn findings(programs: &[Program], set: &[String]) -> Vec<Finding> {
    let asked = touched(programs, "http", |account| &account.hosts);
    let answers = asked.into_iter().map(|(program, host)| finding(program, host, set));
    join_all(answers).await.into_iter().flatten().collect()
}

async fn finding(program: &Program, host: String, set: &[String]) -> Option<Finding> {
    let mut last = None;
    // Which of the two it speaks is not known from here; who names a port may well mean the plain one.
    let schemes: &[&str] = if host.contains(':') { &["https", "http"] } else { &["https"] };
    for scheme in schemes {
        let url = format!("{scheme}://{host}/");
        let params = Value::map([("url", Value::from(url.as_str()))]);
        match ask(program, ("http", "head"), params, set).await? {
            // Whoever refuses is there.
            Err(failure) if failure.status.is_none() => {
                let is_refused = failure.kind == Kind::PermissionDenied;
                let message = format!("{host}: {}", failure.message);
                last = Some(Finding::faulty("host", message).way_out(format!("curl -I {url}")));
                if is_refused {
                    break;
                }
            }
            _ => return Some(Finding::fine("host", format!("{host} answers"))),
        }
    }
    last
}
