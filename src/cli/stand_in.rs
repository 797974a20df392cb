//! What `--sandbox` shows: everything that was sent, and what the stand-ins answered.

use super::paper::{Palette, styled};
use crate::base::value::Value;
use crate::host::sandbox::{Sandbox, Sent};

/// How long a body may be shown.
const SHOWN_CHARS_MAX: usize = 300;

/// Everything that was sent, each in at most three lines, and the files that were written.
pub fn report(sandbox: &Sandbox, palette: &Palette) -> String {
    let mut text = report_sent(&sandbox.sent(), palette);
    let (directory, files) = sandbox.files();
    if !files.is_empty() {
        let heading = format!("sandbox: files were written to {}, and yours are as they were", directory.display());
        text.push_str(&format!("\n{}", styled(palette.strong, heading)));
        files.iter().for_each(|file| text.push_str(&format!("\n  {}", file.display())));
    }
    text
}

fn report_sent(sent: &[Sent], palette: &Palette) -> String {
    let mut text = match sent.len() {
        0 => "sandbox: nothing was sent".to_owned(),
        1 => "sandbox: one thing was sent, and a stand-in on this machine took it".to_owned(),
        several => format!("sandbox: {several} things were sent, and stand-ins on this machine took them"),
    };
    text = styled(palette.strong, text);
    // What is asked again and again is shown once.
    for alike in sent.chunk_by(|one, next| one == next) {
        let Some(one) = alike.first() else { continue };
        let times = if alike.len() > 1 { format!(" ({} times)", alike.len()) } else { String::new() };
        let who = match &one.operation {
            Some(operation) => format!("{}.{operation}", one.connector),
            None => one.connector.to_string(),
        };
        let summary = if one.summary.is_empty() { String::new() } else { format!(" {}", one.summary) };
        text.push_str(&format!("\n  {}{summary}{times}", styled(palette.busy, who)));
        if let Some(body) = shown(&one.body) {
            text.push_str(&format!("\n    {body}"));
        }
        if let Some(answer) = shown(&one.answer) {
            text.push_str(&format!("\n    {}", styled(palette.faint, format!("answered {answer}"))));
        }
    }
    text
}

/// A value in one line, cut where it is long; nothing where there is none.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Unit | Value::Null => return None,
        Value::Text(text) => text.trim().replace("\r\n", "\n").replace('\n', " ⏎ "),
        other => other.to_string(),
    };
    if text.is_empty() {
        return None;
    }
    let cut = text.chars().count() > SHOWN_CHARS_MAX;
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    Some(if cut { format!("{shown}…") } else { shown })
}
