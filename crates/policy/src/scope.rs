//! Scopes that a policy may grant.

/// A right to scopes that begin so is never granted by a policy.
const ADMIN_SCOPES: &str = "admin:";

/// Why no policy may grant this scope; `None` where one may. The characters are those of RFC 6749 §3.3.
pub(crate) fn scope_fault(scope: &str) -> Option<String> {
    let is_token = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    if scope.is_empty() || !scope.bytes().all(is_token) {
        return Some(format!("{scope:?} is no scope: visible ASCII without blanks, quotes and backslashes"));
    }
    scope
        .starts_with(ADMIN_SCOPES)
        .then(|| format!("`{scope}`: no policy grants scopes that begin with `{ADMIN_SCOPES}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_tokens_and_never_administrative() {
        for scope in ["config:read", "a", "releases:write", "x/y"] {
            assert_eq!(scope_fault(scope), None);
        }
        for scope in ["", "a b", "a\"", "a\\", "ä", "a\n", "admin:projects", "admin:"] {
            assert!(scope_fault(scope).is_some(), "{scope:?}");
        }
    }
}
