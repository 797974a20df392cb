//! Templates of messages: files beside the program, in Jinja's language.

use std::path::Path;

use minijinja::{Environment, UndefinedBehavior};

use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;

/// How much work one template may be.
const FUEL: u64 = 5_000_000;

/// Templates that come with the standard library, by file name; one of the same name beside the program replaces it.
const STANDARD: [(&str, &str); 2] = [
    ("welcome_email.html", include_str!("../../../stdlib/templates/welcome_email.html")),
    ("welcome_email.txt", include_str!("../../../stdlib/templates/welcome_email.txt")),
];

/// Whether there is a template `name` for programs in `directory`, there or in the standard library.
pub fn is_there(directory: &Path, name: &str) -> bool {
    ["html", "txt"].iter().any(|ending| {
        let file = format!("{name}.{ending}");
        directory.join("templates").join(&file).is_file() || STANDARD.iter().any(|(known, _)| *known == file)
    })
}

/// What a template made.
#[derive(Debug)]
pub struct Rendered {
    /// From `NAME.txt`.
    pub text: Option<String>,
    /// From `NAME.html`, where values are escaped.
    pub html: Option<String>,
}

/// Renders `templates/NAME.html` and `templates/NAME.txt` under `directory`, as far as they are there.
///
/// # Errors
/// `validation_error` where there is none, where it has a fault, or where it names a value that was not given.
pub fn render(directory: &Path, name: &str, values: &Value) -> Result<Rendered, Failure> {
    let invalid = |message: String| Failure::new(Kind::ValidationError, message);
    let plain = name.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\\'));
    if !plain {
        return Err(invalid(format!("`{name}` is no name of a template: it must lie in `templates/`")));
    }
    let folder = directory.join("templates");
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let beside = minijinja::path_loader(&folder);
    // Beside the program or from the library, but never half and half: whose text it is must be plain.
    let own = ["html", "txt"].iter().any(|ending| folder.join(format!("{name}.{ending}")).is_file());
    environment.set_loader(move |file| match beside(file)? {
        None if !own => {
            Ok(STANDARD.iter().find(|(known, _)| *known == file).map(|(_, text)| (*text).to_owned().into()))
        }
        found => Ok(found),
    });
    let values = match values {
        Value::Unit => serde_json::json!({}),
        values => values.to_json(),
    };
    let part = |ending: &str| -> Result<Option<String>, Failure> {
        let file = format!("{name}.{ending}");
        match environment.get_template(&file) {
            Ok(template) => template
                .render(minijinja::value::Serde(&values))
                .map(Some)
                .map_err(|error| invalid(format!("the template `{file}` cannot be filled in: {}", in_words(&error)))),
            Err(error) if error.kind() == minijinja::ErrorKind::TemplateNotFound => Ok(None),
            Err(error) => Err(invalid(format!("the template `{file}` has a fault: {}", in_words(&error)))),
        }
    };
    let rendered = Rendered { text: part("txt")?, html: part("html")? };
    if rendered.text.is_none() && rendered.html.is_none() {
        let message =
            format!("there is no template `{name}`: neither `templates/{name}.html` nor `templates/{name}.txt`");
        return Err(invalid(message).detail("directory", folder.display().to_string()));
    }
    Ok(rendered)
}

/// What is wrong and on which line.
fn in_words(error: &minijinja::Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    error.line().map_or_else(|| what.clone(), |line| format!("{what}, on line {line}"))
}
