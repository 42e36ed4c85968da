//! Conditions whose pattern takes more than it looks as if it did.

use super::{STRANGER, Suspected};
use crate::finding::{Changed, Lint};
use crate::pattern::{Glob, Shape, Wanted};
use crate::trust::Condition;

/// What is wrong with a glob, and who fits it.
struct Wide {
    message: String,
    help: String,
    who: &'static str,
    changes: Vec<(String, Changed)>,
}

impl Suspected<'_> {
    pub(super) fn vacuous_patterns(&self) {
        for condition in &self.block.conditions {
            if !condition.pattern.wanted().iter().any(Wanted::is_vacuous) {
                continue;
            }
            let who = "a job of the kind that the condition looks as if it kept out";
            let changes = vec![(condition.claim.clone(), Changed::Surely("not-meant".to_owned()))];
            for span in self.section.texts_of(&condition.claim) {
                self.suspect(&span, Lint::VacuousPattern, who, changes.clone());
            }
        }
    }

    /// One finding for each glob, at the condition that it stands in.
    pub(super) fn wide_patterns(&self) {
        for condition in &self.block.conditions {
            let globs = condition.pattern.wanted().iter().filter_map(Wanted::as_glob);
            let wide = globs.filter(|glob| !glob.is_vacuous()).find_map(|glob| self.wide(condition, glob));
            if let Some(Wide { message, help, who, changes }) = wide {
                let span = self.span_of(&condition.claim);
                self.flag(&span, Lint::WidePattern, (message, help), (who, changes));
            }
        }
    }

    fn wide(&self, condition: &Condition, glob: &Glob) -> Option<Wide> {
        let profile = self.issuer.profile;
        let (claim, from) = (&condition.claim, &profile.workload);
        if claim == "sub" {
            None
        } else if profile.is_immutable(claim) {
            Some(wide_id(claim, glob))
        } else if from.git_ref.contains(claim) || claim == "head_ref" {
            self.wide_ref(claim, glob)
        } else if from.owner.contains(claim) || from.repository.contains(claim) {
            self.wide_name(claim, glob)
        } else {
            None
        }
    }

    /// `refs/heads/release*` and `refs/**`.
    fn wide_ref(&self, claim: &str, glob: &Glob) -> Option<Wide> {
        let says_type = self.block.claims().any(|claim| claim == "ref_type");
        if !says_type && let Some(tag) = tag_that_fits(glob) {
            let changes = vec![
                (claim.to_owned(), Changed::Surely(tag)),
                ("ref_type".to_owned(), Changed::To("tag".to_owned())),
            ];
            let message = format!("`{glob}` takes tags as well as branches");
            let help = "begin it with `refs/heads/`, or with `refs/tags/`".to_owned();
            return Some(Wide { message, help, who: "a job of a tag where a branch was meant", changes });
        }
        let is_of_tags = glob.to_string().starts_with("refs/tags/") || self.texts("ref_type") == ["tag"];
        if is_of_tags || !is_beside_a_letter(glob) {
            return None;
        }
        let fitting = glob.sample("-not-reviewed-");
        let mut changes = self.of_another_branch("not-reviewed");
        changes.push((claim.to_owned(), Changed::Surely(fitting)));
        Some(Wide {
            message: format!("`{glob}`: the star goes on in the middle of a word"),
            help: "end the word, as `refs/heads/release/*`, or name the branches".to_owned(),
            who: "a job of a branch that somebody has named so that it fits",
            changes,
        })
    }

    /// `octo*/app` where no id says whose it is, and `octo-org/app*` where none says which.
    fn wide_name(&self, claim: &str, glob: &Glob) -> Option<Wide> {
        let profile = self.issuer.profile;
        let text = glob.to_string();
        let owner = match text.rsplit_once('/') {
            Some((owner, _)) if !profile.workload.owner.iter().any(|known| known == claim) => owner,
            _ if profile.workload.owner.iter().any(|known| known == claim) => text.as_str(),
            _ => "",
        };
        let is_of_owner = self.binds(&profile.owner_ids);
        let is_of_any = !is_of_owner && owner.contains('*');
        let is_free = !is_of_owner && !self.binds(&profile.project_ids) && is_beside_a_letter(glob);
        if !is_of_any && !is_free {
            return None;
        }
        let mut changes = self.of_a_stranger(false);
        changes.push((claim.to_owned(), Changed::Surely(glob.sample("-lookalike-"))));
        Some(Wide {
            message: format!("`{glob}` takes names that anybody may register"),
            help: format!("bind `{}`, which nobody else will ever have", profile.owner_ids.join("` or `")),
            who: "a job of a look-alike: somebody has registered a name that fits",
            changes,
        })
    }

    /// What `sub` says, and for how long, is up to the provider, and for GitHub to the repository's own settings.
    pub(super) fn sub_matched(&self) {
        let profile = self.issuer.profile;
        let is_needed = profile.workload.repository_id.iter().any(|claim| claim == "sub");
        let mut conditions = self.block.conditions.iter();
        let Some(_) = conditions.find(|condition| condition.claim == "sub").filter(|_| !is_needed) else {
            return;
        };
        let message = "`sub` is one text of several claims, whose form its project can change".to_owned();
        let ids = profile.owner_ids.iter().take(1).chain(&profile.project_ids).cloned().collect::<Vec<_>>();
        let help = format!("test the claims instead: `{}` and `ref`", ids.join("`, `"));
        let mut changes = self.of_a_stranger(false);
        changes.extend(self.of_another_branch("not-reviewed"));
        let who = "a job with the same `sub` whose other claims say that it is another one";
        self.flag(&self.span_of("sub"), Lint::SubMatched, (message, help), (who, changes));
    }
}

/// A number that begins like another one is another one.
fn wide_id(claim: &str, glob: &Glob) -> Wide {
    let fitting = glob.sample(STRANGER);
    Wide {
        message: format!("`{glob}`: an id that begins or ends like another is the id of somebody else"),
        help: "write each id out, in a list".to_owned(),
        who: "a job of somebody whose id happens to fit",
        changes: vec![(claim.to_owned(), Changed::Surely(fitting))],
    }
}

/// A tag that the glob takes, where it takes the branch of that name too.
fn tag_that_fits(glob: &Glob) -> Option<String> {
    let mut fillings = ["tags", "refs/tags", "refs/tags/v1", "tags/v1"].into_iter();
    let tag = fillings.find_map(|filling| {
        let tag = glob.sample_with(filling, "x");
        (tag.starts_with("refs/tags/") && glob.covers(&tag)).then_some(tag)
    })?;
    glob.covers(&tag.replacen("refs/tags/", "refs/heads/", 1)).then_some(tag)
}

/// Whether a star stands directly before or behind a letter or digit.
fn is_beside_a_letter(glob: &Glob) -> bool {
    let is_letter = |shape: &Shape| matches!(shape, Shape::Literal(character) if character.is_alphanumeric());
    let is_star = |shape: &Shape| matches!(shape, Shape::Star | Shape::DoubleStar);
    glob.shapes().windows(2).any(|pair| match pair {
        [one, other] => (is_letter(one) && is_star(other)) || (is_star(one) && is_letter(other)),
        _ => false,
    })
}
