//! Headers by which a collector knows its senders. They are secrets, so that nothing shows them.

use http::{HeaderName, HeaderValue, header};

/// Headers of one file.
pub const MAX_HEADERS: usize = 16;
/// Bytes of one value.
const MAX_VALUE_SIZE_BYTES: usize = 8 * 1024;

/// What the message itself is framed and described by.
const NOT_THE_OPERATORS: [HeaderName; 10] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::ACCEPT_ENCODING,
    header::USER_AGENT,
    header::EXPECT,
    header::TE,
];

/// Headers that are sent to the collector with every request. Without `Debug`, as any secret.
#[derive(Default)]
pub struct SecretHeaders(Vec<(HeaderName, HeaderValue)>);

/// Why headers cannot be sent. Never with what stands in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadersFault {
    /// It is not `Name: value`.
    #[error("line {0} is not `Name: value`")]
    Malformed(usize),
    /// The message has this header already.
    #[error("line {0} names a header that is set by daypass itself")]
    Reserved(usize),
    /// The value is too long.
    #[error("line {0} is longer than {MAX_VALUE_SIZE_BYTES} bytes")]
    TooLong(usize),
    /// There are too many.
    #[error("there are more than {MAX_HEADERS} headers")]
    TooMany,
}

impl SecretHeaders {
    /// Reads lines `Name: value`; empty ones, and those that begin with `#`, are passed over.
    ///
    /// # Errors
    /// The first line that is no header.
    pub fn parse(text: &str) -> Result<Self, HeadersFault> {
        let mut headers = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if headers.len() >= MAX_HEADERS {
                return Err(HeadersFault::TooMany);
            }
            headers.push(header(line, number)?);
        }
        Ok(Self(headers))
    }

    /// Those of one request.
    pub(crate) fn of_request(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.0.iter().cloned()
    }
}

fn header(line: &str, number: usize) -> Result<(HeaderName, HeaderValue), HeadersFault> {
    let malformed = HeadersFault::Malformed(number);
    let (name, value) = line.split_once(':').ok_or(malformed)?;
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed)?;
    if NOT_THE_OPERATORS.contains(&name) {
        return Err(HeadersFault::Reserved(number));
    }
    let value = value.trim();
    if value.len() > MAX_VALUE_SIZE_BYTES {
        return Err(HeadersFault::TooLong(number));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| malformed)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_headers_and_nothing_shows_their_values() {
        let headers =
            SecretHeaders::parse("# of the collector\n\nAuthorization: Bearer hush\r\nx-team:  a:b \n")
                .unwrap_or_else(|fault| panic!("{fault}"));
        let all: Vec<_> = headers.of_request().collect();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].0.as_str(), all[0].1.as_bytes()), ("authorization", b"Bearer hush".as_slice()));
        assert_eq!((all[1].0.as_str(), all[1].1.as_bytes()), ("x-team", b"a:b".as_slice()));
        assert!(!format!("{all:?}").contains("hush"));
    }

    #[test]
    fn what_is_no_header_is_told_by_its_line_alone() {
        let long = format!("a: {}", "x".repeat(MAX_VALUE_SIZE_BYTES + 1));
        let many = "a: b\n".repeat(MAX_HEADERS + 1);
        for (text, fault) in [
            ("\nhush", HeadersFault::Malformed(2)),
            ("a b: hush", HeadersFault::Malformed(1)),
            (": hush", HeadersFault::Malformed(1)),
            ("a: hu\u{7f}sh", HeadersFault::Malformed(1)),
            ("Host: hush", HeadersFault::Reserved(1)),
            ("a: b\ncontent-type: hush", HeadersFault::Reserved(2)),
            (&long, HeadersFault::TooLong(1)),
            (&many, HeadersFault::TooMany),
        ] {
            let told = SecretHeaders::parse(text).err();
            assert_eq!(told, Some(fault));
            assert!(!fault.to_string().contains("hush"));
        }
    }
}
