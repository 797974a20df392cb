//! A session with a database server: statements that change something go the same way, whatever the server.

use super::fault::Fault;
use super::link::Changed;
use super::statement::Statement;
use crate::base::time::Duration;

/// A session with a server.
pub trait Session: Send {
    /// Tells the server how long statements may take, and whether they may change something.
    fn prepare(&mut self, reads_only: bool, time: Duration) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Carries out a text without values and rows.
    fn batch(&mut self, text: &str) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Carries out one statement.
    fn change_one(&mut self, statement: &Statement) -> impl Future<Output = Result<Changed, Fault>> + Send;
}

/// Carries out statements: all of them or, where one fails, none. One alone stands by itself.
///
/// # Errors
/// What the first that fails says; nothing was changed then, unless the connection broke at the end.
pub async fn change(session: &mut impl Session, statements: &[Statement], time: Duration) -> Result<Changed, Fault> {
    session.prepare(false, time).await?;
    if let [alone] = statements {
        return session.change_one(alone).await;
    }
    session.batch("begin").await.map_err(Fault::undone)?;
    let mut changed = Changed::default();
    for statement in statements {
        match session.change_one(statement).await {
            Ok(one) => changed = changed.and(one),
            Err(fault) => {
                let fault = fault.undone();
                // Where not even this is heard, the server undoes it when it sees the connection gone.
                let reusable = fault.reusable && session.batch("rollback").await.is_ok();
                return Err(Fault { reusable, ..fault });
            }
        }
    }
    session.batch("commit").await?;
    Ok(changed)
}
