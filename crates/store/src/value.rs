//! Values and rows that no engine is named in.

use std::borrow::Cow;

use crate::fault::StoreFault;

/// A value that goes into a statement or comes out of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// NULL
    Null,
    /// TEXT; without U+0000, which PostgreSQL does not take.
    Text(Cow<'a, str>),
    /// BIGINT
    Integer(i64),
    /// BLOB or BYTEA
    Bytes(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same, on its own.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Integer(value) => Value::Integer(value),
            Self::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row, read column by column in the order of the SELECT.
pub(crate) struct Row {
    values: std::vec::IntoIter<Value<'static>>,
}

impl Row {
    pub(crate) fn new(values: Vec<Value<'static>>) -> Self {
        Self { values: values.into_iter() }
    }

    /// Whether the next column is NULL.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.values.as_slice().first(), Some(Value::Null))
    }

    /// The next column, which must hold text.
    pub(crate) fn text(&mut self) -> Result<String, StoreFault> {
        self.optional_text()?.ok_or_else(|| mismatch("a text"))
    }

    /// The next column, text or NULL.
    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreFault> {
        match self.values.next() {
            Some(Value::Text(text)) => Ok(Some(text.into_owned())),
            Some(Value::Null) => Ok(None),
            _ => Err(mismatch("a text")),
        }
    }

    /// The next column, which must hold an integer.
    pub(crate) fn integer(&mut self) -> Result<i64, StoreFault> {
        self.optional_integer()?.ok_or_else(|| mismatch("an integer"))
    }

    /// The next column, an integer or NULL.
    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, StoreFault> {
        match self.values.next() {
            Some(Value::Integer(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(mismatch("an integer")),
        }
    }

    /// The next column, which must hold bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreFault> {
        match self.values.next() {
            Some(Value::Bytes(bytes)) => Ok(bytes.into_owned()),
            _ => Err(mismatch("bytes")),
        }
    }

    /// The next column as text that `parse` takes.
    pub(crate) fn parsed<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreFault> {
        let text = self.text()?;
        parse(&text).ok_or_else(|| mismatch("a known value"))
    }

    /// The next column as text that `parse` takes, or NULL.
    pub(crate) fn optional_parsed<T>(
        &mut self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreFault> {
        match self.optional_text()? {
            None => Ok(None),
            Some(text) => parse(&text).map(Some).ok_or_else(|| mismatch("a known value")),
        }
    }
}

fn mismatch(wanted: &str) -> StoreFault {
    StoreFault::Corrupt(format!("a column does not hold {wanted}"))
}
