//! The matrix as a page for browsers: whole in itself, without a script, with everything escaped.

use super::page::{Line, Page, Part};

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Who can get what</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; }
th, td { border: 1px solid #ccc; padding: .25rem .6rem; text-align: left; }
td { text-align: center; }
thead th { position: sticky; top: 0; background: #f4f4f4; }
.yes { background: #dff3e0; color: #14602a; }
.no { color: #9b1c1c; }
.care { background: #fff3cd; padding: .5rem .8rem; }
.note { color: #555; }
</style>
</head>
<body>
<h1>Who can get what</h1>
";

const CARE: &str = "`when` says what no lint can follow; the answers are those of the server all the same";

/// The page.
pub(super) fn page(page: &Page) -> String {
    let roles = page.not_fully_linted.join(", ");
    let care = format!("<p class=\"care\">Not fully linted: {} ({CARE}).</p>\n", escaped(&roles));
    let care = if roles.is_empty() { String::new() } else { care };
    format!("{HEAD}{care}{}</body>\n</html>\n", all(page.of.iter().map(of)))
}

fn of(part: &Part) -> String {
    let heads = all(part.roles.iter().map(|role| format!("<th scope=\"col\">{}</th>", escaped(role))));
    let rows = all(part.rows.iter().map(row));
    let given = part
        .given
        .iter()
        .map(|(role, what)| format!("<li><b>{}</b> {}</li>\n", escaped(role), escaped(what)));
    let notes = part.notes.iter().map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note)));
    format!(
        "<h2>{}</h2>\n<p>by the issuer {}</p>\n<table>\n<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n<h3>What they give</h3>\n<ul>\n{}</ul>\n{}{}",
        escaped(&part.title),
        escaped(&part.issuer),
        all(given),
        reasons(part),
        all(notes)
    )
}

fn row(row: &Line) -> String {
    let cells = all(row.cells.iter().map(|(is_yes, why)| cell(*is_yes, why)));
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(&row.title))
}

fn cell(is_yes: bool, why: &str) -> String {
    let (class, mark) = if is_yes { ("yes", "✓") } else { ("no", "✗") };
    format!("<td class=\"{class}\" title=\"{}\">{mark}</td>", escaped(why))
}

fn reasons(part: &Part) -> String {
    let item = |row: &Line, role: &str, (is_yes, why): &(bool, String)| {
        let mark = if *is_yes { "✓" } else { "✗" };
        format!("<li>{mark} <b>{}</b>, {}: {}</li>\n", escaped(role), escaped(&row.title), escaped(why))
    };
    let items = part
        .rows
        .iter()
        .flat_map(|row| part.roles.iter().zip(&row.cells).map(move |(role, cell)| item(row, role, cell)));
    format!("<details><summary>Why</summary>\n<ul>\n{}</ul>\n</details>\n", all(items))
}

fn all(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().concat()
}

/// Text that stays text, in content and in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_a_browser_would_obey_stays_text() {
        assert_eq!(escaped("<a b='\"'>&amp;"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;amp;");
    }
}
