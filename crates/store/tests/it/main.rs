//! What a store promises, on each engine; and what SQLite's file and locks do to it.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

#[cfg(test)]
mod conformance;
#[cfg(test)]
#[cfg(feature = "test-postgres")]
mod postgres_server;
#[cfg(test)]
#[cfg(feature = "test-postgres")]
mod schema;
#[cfg(test)]
mod sqlite_file;
#[cfg(test)]
mod sqlite_log;
#[cfg(test)]
mod sqlite_queue;
#[cfg(test)]
mod support;
