//! One connection: how it is made, how a statement of the shared subset runs on it.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::super::{CONNECT_DEADLINE, READ_DEADLINE, WRITE_DEADLINE};
use super::address::Address;
use super::tls::Tls;
use super::trouble::{Trouble, said, trouble};
use crate::value::{Row, Value};

/// Statements that the server ends by itself, so that a replica that is gone keeps nobody waiting.
const LIMITS: &str = "SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '10s'";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// One connection and the statements that are prepared on it.
pub(super) struct Session {
    client: Client,
    statements: BTreeMap<&'static str, Statement>,
}

impl Session {
    pub(super) async fn connect(address: &Address, access: Access) -> Result<Self, Trouble> {
        let connecting = address.config.connect(Tls(address.tls.clone()));
        let hosts = u32::try_from(address.config.get_hosts().len()).unwrap_or(u32::MAX);
        let (client, connection) = tokio::time::timeout(CONNECT_DEADLINE.saturating_mul(hosts), connecting)
            .await
            .map_err(|_| Trouble::Server("the server did not answer in time".to_owned()))?
            .map_err(|error| trouble(&error))?;
        // Ends when the client is dropped, or the server goes.
        drop(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection to PostgreSQL ended: {}", said(&error));
            }
        }));
        let session = Self { client, statements: BTreeMap::new() };
        let own = match access {
            Access::Read => {
                let deadline = READ_DEADLINE.as_millis();
                format!(
                    "{LIMITS}; SET statement_timeout = {deadline}; SET default_transaction_read_only = on"
                )
            }
            Access::Write => format!("{LIMITS}; SET statement_timeout = {}", WRITE_DEADLINE.as_millis()),
        };
        session.batch(&own).await?;
        Ok(session)
    }

    /// Whether the server is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Statements without parameters, of ours alone.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Trouble> {
        self.client.batch_execute(sql).await.map_err(|error| trouble(&error))
    }

    /// The same; gives whether nobody held for too long what they lock.
    pub(super) async fn batch_unless_held(&self, sql: &str) -> Result<bool, Trouble> {
        match self.client.batch_execute(sql).await {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// Runs a statement.
    pub(super) async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Trouble> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(any).collect();
        self.query(sql, &values).await
    }

    /// Runs a statement whose parameters may be arrays.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        if !self.statements.contains_key(sql) {
            let statement = self.client.prepare(sql).await.map_err(|error| trouble(&error))?;
            self.statements.insert(sql, statement);
        }
        let statement = self.statements.get(sql).ok_or_else(|| Trouble::Server("no statement".to_owned()))?;
        if statement.params().len() != values.len() {
            return Err(Trouble::Request("the statement has other parameters than values".to_owned()));
        }
        let rows = self.client.query(statement, values).await.map_err(|error| trouble(&error))?;
        rows.iter().map(row).collect()
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        to: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, to) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Text(text), &Type::TEXT) => text.to_sql(to, out),
            (Self::Integer(value), &Type::INT8) => value.to_sql(to, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(to, out),
            _ => Err(format!("a parameter is of type {to}").into()),
        }
    }

    fn accepts(to: &Type) -> bool {
        [Type::TEXT, Type::INT8, Type::BYTEA].contains(to)
    }

    to_sql_checked!();
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Trouble> {
    let odd = |_| Trouble::Request("a column is not what its type says".to_owned());
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        values.push(match *column.type_() {
            Type::TEXT => row.try_get::<_, Option<String>>(index).map_err(odd)?.into(),
            Type::INT8 => row.try_get::<_, Option<i64>>(index).map_err(odd)?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map_err(odd)?.into(),
            ref other => return Err(Trouble::Request(format!("a column is of type {other}"))),
        });
    }
    Ok(Row::new(values))
}

/// A parameter of whatever type.
pub(super) fn any<T: ToSql + Sync>(value: &T) -> &(dyn ToSql + Sync) {
    value
}
