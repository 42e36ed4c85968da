//! Words in the files that are written: of TOML, of YAML, of a shell.

/// A text of TOML: a basic string (TOML 1.0, "String"), with everything escaped that is no plain letter.
pub(super) fn toml(text: &str) -> String {
    let escaped = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        _ if character.is_control() => format!("\\u{:04X}", u32::from(character)),
        _ => character.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A text of YAML: JSON is YAML (YAML 1.2.2, §1.2).
pub(super) fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A word for a shell. `[::1]` would be a pattern.
pub(super) fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use daypass_policy::reader;

    use super::*;

    #[test]
    fn no_text_ends_its_own_quotes() {
        let hostile = "a\"]\n[roles.x] # ' \\ \u{1b} $(id) \u{85}\u{2028}";
        let document = format!("key = {}\n", toml(hostile));
        let (read, faults) = reader::read("a.toml", &document, |top| {
            let text = top.text("key").map(|text| text.value);
            top.finish();
            text
        });
        assert_eq!((read.flatten().as_deref(), faults), (Some(hostile), Vec::new()));
        assert_eq!(serde_json::from_str::<String>(&yaml(hostile)).unwrap(), hostile);
        assert_eq!(shell("a'b"), "'a'\\''b'");
        assert_eq!(
            (shell("[::1]").as_str(), shell("").as_str(), shell("a/b:1").as_str()),
            ("'[::1]'", "''", "a/b:1")
        );
    }
}
