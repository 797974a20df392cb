//! The databases that programs ask by `sql.*`.

use futures_util::future::join_all;

use super::finding::Finding;
use super::reach::{ask, touched};
use crate::base::value::Value;
use crate::host::Program;

/// The smallest question that every database answers.
const QUESTION: &str = "SELECT 1";

/// Asks each of them for nothing.
pub async fn findings(programs: &[Program], set: &[String]) -> Vec<Finding> {
    let asked = touched(programs, "sql", |account| &account.databases);
    let answers = asked.into_iter().map(|(program, name)| async move {
        let params = Value::map([("database", Value::from(name.as_str())), ("sql", QUESTION.into())]);
        Some(match ask(program, ("sql", "query"), params, set).await? {
            Ok(_) => Finding::fine("database", format!("{name} answers")),
            Err(failure) => {
                let way_out = format!("look at `databases.{name}.url`, and whether it runs there");
                Finding::faulty("database", format!("{name}: {}", failure.message)).way_out(way_out)
            }
        })
    });
    join_all(answers).await.into_iter().flatten().collect()
}
