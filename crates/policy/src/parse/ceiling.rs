//! `_ceiling.toml`: what no role of a folder, or of those below, can exceed.

use super::block;
use crate::context::PolicyContext;
use crate::finding::did_you_mean;
use crate::pattern::Wanted;
use crate::reader::Section;
use crate::role::Role;

/// A bound on the roles of one folder. What it does not name it does not bound; an empty list allows nothing.
pub(crate) struct Ceiling {
    folder: String,
    issuers: Option<Vec<String>>,
    owner_ids: Option<Vec<String>>,
    audiences: Option<Vec<Wanted>>,
    scopes: Option<Vec<Wanted>>,
    max_ttl_seconds: Option<i64>,
}

pub(super) fn read(top: &Section<'_>, folder: &str, context: &PolicyContext) -> Ceiling {
    let texts =
        |key| top.texts(key).map(|texts| texts.into_iter().map(|text| text.value).collect::<Vec<_>>());
    let ceiling = Ceiling {
        folder: folder.to_owned(),
        issuers: texts("issuers"),
        owner_ids: texts("owner_ids"),
        audiences: wanted(top, "audiences"),
        scopes: wanted(top, "scopes"),
        max_ttl_seconds: top.duration("max_ttl").map(|ttl| ttl.value),
    };
    for name in ceiling.issuers.iter().flatten().filter(|name| context.issuer(name).is_none()) {
        let names = context.issuers.iter().map(|issuer| issuer.name.as_str());
        let help = did_you_mean(name, names).map(|name| format!("did you mean `{name}`?"));
        top.error(format!("no issuer is named `{name}`"), help);
    }
    top.finish();
    ceiling
}

fn wanted(top: &Section<'_>, key: &str) -> Option<Vec<Wanted>> {
    let entry = top.entry(key)?;
    let items = entry.items("a list of texts and globs")?;
    // One that cannot be read allows nothing; its fault refuses the file anyway.
    Some(items.iter().filter_map(block::wanted).collect())
}

impl Ceiling {
    /// Whether it bounds the roles of a file.
    pub(crate) fn bounds(&self, folder: &str) -> bool {
        folder.starts_with(&self.folder)
    }

    /// In what a role exceeds it.
    pub(crate) fn excesses(&self, role: &Role, context: &PolicyContext) -> Vec<String> {
        let mut excesses = Vec::new();
        let over = |what: &str| {
            format!(
                "the role `{}` is over the ceiling of `{}/`: {what}",
                role.name,
                self.folder.trim_end_matches('/')
            )
        };
        for block in &role.trust {
            if self.issuers.as_ref().is_some_and(|issuers| !issuers.contains(&block.issuer)) {
                excesses.push(over(&format!("issuer `{}`", block.issuer)));
            }
            if let Some(allowed) = &self.owner_ids {
                let owner_ids =
                    context.issuer(&block.issuer).map_or(&[][..], |issuer| &issuer.profile.workload.owner_id);
                let is_allowed =
                    |texts: Vec<&str>| texts.iter().all(|text| allowed.iter().any(|one| one == text));
                if !block.bound_texts(owner_ids).any(is_allowed) {
                    excesses.push(over("a block that binds none of its owner ids"));
                }
            }
        }
        let Some(api) = &role.api else { return excesses };
        if !takes(self.audiences.as_ref(), api.audience.as_str()) {
            excesses.push(over(&format!("audience `{}`", api.audience.as_str())));
        }
        for scope in api.scopes.iter().filter(|scope| !takes(self.scopes.as_ref(), scope.as_str())) {
            excesses.push(over(&format!("scope `{}`", scope.as_str())));
        }
        if self.max_ttl_seconds.is_some_and(|max| api.max_ttl_seconds > max) {
            excesses.push(over(&format!("{} seconds", api.max_ttl_seconds)));
        }
        excesses
    }
}

fn takes(allowed: Option<&Vec<Wanted>>, text: &str) -> bool {
    allowed.is_none_or(|allowed| allowed.iter().any(|wanted| wanted.takes(text)))
}
