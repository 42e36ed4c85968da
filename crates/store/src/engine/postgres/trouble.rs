//! What a server, or the way to it, says that went wrong, in words that tell an operator what to do.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::fault::StoreFault;

/// What a statement met.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The values do not fit; that is the request's own fault.
    Request(String),
    /// What was to be changed is not there, so that nothing may be.
    Overtaken,
    /// Another transaction came between; the same may succeed now.
    Again(String),
    /// The server failed, or cannot be reached.
    Server(String),
    /// It serves, and must not be used.
    Refused(String),
}

impl From<Trouble> for StoreFault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Request(why) => Self::Corrupt(why),
            Trouble::Overtaken => Self::Overtaken,
            Trouble::Again(why) | Trouble::Server(why) => Self::Unavailable(why),
            Trouble::Refused(why) => Self::Refused(why),
        }
    }
}

/// What went wrong by its SQLSTATE (PostgreSQL, appendix A).
pub(super) fn trouble(error: &tokio_postgres::Error) -> Trouble {
    let why = advised(error);
    let Some(code) = error.code() else {
        // A value that does not go into a parameter never reached the server.
        let is_value = error.to_string().starts_with("error serializing parameter");
        return if is_value { Trouble::Request(why) } else { Trouble::Server(why) };
    };
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        return Trouble::Again(why);
    }
    match code.code().get(..2) {
        // Data exception (U+0000 is one), constraint violation, program limit exceeded.
        Some("22" | "23" | "54") => Trouble::Request(why),
        // Insufficient privilege and what is missing.
        Some("42") => Trouble::Refused(why),
        _ => Trouble::Server(why),
    }
}

/// What was said, and what to do about it where an operator can do something.
fn advised(error: &tokio_postgres::Error) -> String {
    let said = said(error);
    match advice(error.code(), &said) {
        Some(advice) => format!("{said}: {advice}"),
        None => said,
    }
}

fn advice(code: Option<&SqlState>, said: &str) -> Option<&'static str> {
    let read_only = "a server that only reads keeps no record: name the one that writes in `store.url`, and leave its \
                     `default_transaction_read_only` off";
    let Some(code) = code else {
        // What no server said, but the system or the driver.
        return match said {
            refused if refused.contains("Connection refused") => {
                Some("start the server, or name where it listens in `store.url`")
            }
            reads if reads.contains("does not allow writes") => Some(read_only),
            _ => None,
        };
    };
    match *code {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Some("look at user and password in `store.url`, and at the server's pg_hba.conf")
        }
        SqlState::INVALID_CATALOG_NAME => Some("make it with `createdb`, or name another in `store.url`"),
        SqlState::INVALID_SCHEMA_NAME => {
            Some("make the schema that `search_path` names, and let this user use it")
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            Some("this user must be able to make tables in the schema, or own the tables that are there")
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => Some(read_only),
        SqlState::TOO_MANY_CONNECTIONS => Some("raise the server's max_connections"),
        SqlState::DISK_FULL => Some("make room on the server's disk"),
        _ => None,
    }
}

/// What to tell: never the detail, which repeats values.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(answer), _) => format!("{} ({})", answer.message(), answer.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
