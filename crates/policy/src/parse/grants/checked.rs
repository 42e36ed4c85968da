//! Checks that the grants share.

use std::collections::BTreeSet;

use crate::context::PolicyContext;
use crate::finding::{Lint, did_you_mean};
use crate::grant::Template;
use crate::reader::{Located, Source};
use crate::role::Role;

/// What a grant is checked against.
pub(super) struct Checked<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) role: &'a Role,
    pub(super) context: &'a PolicyContext,
}

impl Checked<'_> {
    /// Reports a fault of a value, if it has one.
    pub(super) fn refuse(&self, text: &Located<String>, fault: Option<String>) -> Option<()> {
        if let Some(fault) = fault {
            self.source.error(text.span.clone(), fault, None);
            return None;
        }
        Some(())
    }

    /// A text without places for claims: a claim in it could make it the name of somebody else.
    pub(super) fn fixed(&self, text: &Located<String>, what: &str) -> Option<Template> {
        let template = self.template(text)?;
        let fault = template.claims().next().map(|_| format!("{what} holds no claims"));
        self.refuse(text, fault)?;
        Some(template)
    }

    /// A template whose claims every workload that the role trusts has, and that never name somebody else later.
    pub(super) fn template(&self, text: &Located<String>) -> Option<Template> {
        let template = match Template::parse(&text.value) {
            Ok(template) => template,
            Err(fault) => {
                self.source.error(text.span.clone(), fault.to_string(), None);
                return None;
            }
        };
        for claim in template.claims() {
            let names: BTreeSet<&str> = self.role.trust.iter().map(|block| block.issuer.as_str()).collect();
            for issuer in names.into_iter().filter_map(|name| self.context.issuer(name)) {
                if issuer.profile.claim_type(claim).is_none() {
                    let message = format!("tokens of `{}` have no claim `{claim}`", issuer.name);
                    let meant = did_you_mean(claim, issuer.profile.immutable.iter().map(String::as_str));
                    let help = meant.map(|meant| format!("did you mean `{{{meant}}}`?"));
                    self.source.error(text.span.clone(), message, help);
                } else if !issuer.profile.is_immutable(claim) {
                    let message = format!("`{{{claim}}}` can be renamed and taken by somebody else");
                    let help = format!("immutable are {}", issuer.profile.immutable.join(", "));
                    self.source.lint(text.span.clone(), Lint::MutablePlaceholder, message, Some(help));
                }
            }
        }
        Some(template)
    }
}
