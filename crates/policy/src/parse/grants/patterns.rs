//! `[roles.NAME.grants.registry]` and `[roles.NAME.grants.state]`: patterns of what may be reached.

use super::Checked;
use crate::grant::{GrantPattern, RegistryGrant, StateGrant};
use crate::reader::{Located, Section};

pub(super) fn registry(section: &Section<'_>, checked: &Checked<'_>) -> Option<RegistryGrant> {
    let [push, pull] = read(section, checked, ["push", "pull"])?;
    Some(RegistryGrant { push, pull })
}

pub(super) fn state(section: &Section<'_>, checked: &Checked<'_>) -> Option<StateGrant> {
    let [write, read] = read(section, checked, ["write", "read"])?;
    Some(StateGrant { write, read })
}

fn read(section: &Section<'_>, checked: &Checked<'_>, keys: [&str; 2]) -> Option<[Vec<GrantPattern>; 2]> {
    let texts = keys.map(|key| section.texts(key));
    section.finish();
    if keys.iter().all(|key| section.entry(key).is_none()) {
        let message = format!("`{}` names nothing", section.name());
        section.error(message, Some(format!("add `{}` or `{}`", keys[0], keys[1])));
    }
    let [one, other] = texts.map(|texts| {
        let texts = texts.unwrap_or_default();
        let read: Vec<_> = texts.iter().map(|text| pattern(text, checked)).collect();
        read.into_iter().collect::<Option<Vec<_>>>()
    });
    Some([one?, other?])
}

fn pattern(text: &Located<String>, checked: &Checked<'_>) -> Option<GrantPattern> {
    let template = checked.template(text)?;
    let fault = |message: String| checked.refuse(text, Some(format!("`{}`: {message}", text.value)));
    let glob = match template.as_glob() {
        Ok(glob) => glob,
        Err(problem) => {
            fault(problem.to_string());
            return None;
        }
    };
    let is_segment = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
    if !text.value.split('/').all(is_segment) {
        fault("no segment of a path is empty, `.` or `..`".to_owned());
        return None;
    }
    Some(GrantPattern { template, glob })
}
