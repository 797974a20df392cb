//! `sql.*` against real databases: one table of what each of them must do, and what only programs see.

mod peer;
#[cfg(feature = "cli")]
mod program;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
mod table;

use self::peer::Peer;

/// SQLite in a file of its own.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_does_what_the_table_says() {
    table::all(&Peer::sqlite()).await;
}

/// A PostgreSQL server of its own.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_the_table_says() {
    let Some(mut peer) = Peer::postgres() else { return };
    table::all(&peer).await;
    server::all(&mut peer).await;
}

/// A MariaDB server of its own.
#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn mariadb_does_what_the_table_says() {
    let Some(mut peer) = Peer::mariadb() else { return };
    table::all(&peer).await;
    server::all(&mut peer).await;
}
