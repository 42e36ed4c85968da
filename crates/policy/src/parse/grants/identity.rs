//! `[roles.NAME.grants.identity]`: an identity token for another cloud.

use super::Checked;
use crate::grant::IdentityGrant;
use crate::reader::Section;

pub(super) fn read(section: &Section<'_>, checked: &Checked<'_>) -> Option<IdentityGrant> {
    let (audience, subject) = (section.required_text("audience"), section.text("subject"));
    section.finish();
    let subject = match &subject {
        Some(subject) => Some(checked.template(subject)?),
        None => None,
    };
    let audience = audience?;
    checked.fixed(&audience, "an audience")?;
    checked.refuse(&audience, checked.context.own_audience_fault(&audience.value))?;
    Some(IdentityGrant { audience: audience.value, subject })
}
