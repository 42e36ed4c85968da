//! Lints: rules that a file can break although it can be read, and that an operator may allow with a reason.

use super::Level;

/// What is known of a lint, in one place.
struct About {
    name: &'static str,
    level: Level,
    summary: &'static str,
    explanation: &'static str,
}

/// The lints: each with its level, its name in settings and messages, and what it finds. Why it is one stands in `lints/NAME.md`.
macro_rules! lints {
    ($count:literal: $($(#[$meta:meta])* $variant:ident = $level:ident $name:literal: $summary:literal,)*) => {
        /// A lint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Lint {
            $($(#[$meta])* $variant,)*
        }

        impl Lint {
            /// All lints.
            pub const ALL: [Self; $count] = [$(Self::$variant,)*];

            const fn about(self) -> About {
                match self {
                    $(Self::$variant => About {
                        name: $name,
                        level: Level::$level,
                        summary: $summary,
                        explanation: include_str!(concat!("lints/", $name, ".md")),
                    },)*
                }
            }
        }
    };
}

lints! {
    25:
    /// A trust block has no condition but its issuer.
    EmptyTrust = Deny "empty_trust": "a trust block with no condition but its issuer",
    /// A pattern accepts every value.
    VacuousPattern = Deny "vacuous_pattern": "a glob that takes every value",
    /// One role is defined twice.
    DuplicateRole = Deny "duplicate_role": "one role in two files",
    /// Two roles have one ARN.
    DuplicateArn = Deny "duplicate_arn": "two roles with one ARN",
    /// A block of an issuer that strangers share binds no immutable owner id.
    NoImmutableOwner = Deny "no_immutable_owner": "a block of a shared issuer that rests on no immutable owner id",
    /// An issuer takes tokens that were made for somebody else.
    ForeignAudience = Deny "foreign_audience": "an issuer whose `audiences` hold an audience of somebody else",
    /// A role exceeds the ceiling of its folder.
    OverCeiling = Deny "over_ceiling": "a role that exceeds the ceiling of its folder",
    /// A grant names a claim that can be renamed and taken by somebody else.
    MutablePlaceholder = Deny "mutable_placeholder": "a grant that names a claim which can be renamed",
    /// A text holds a `*`, which in a text is a letter.
    StarInText = Deny "star_in_text": "a text with a `*`, which in a text is a letter",
    /// A condition names an event that the provider is not known to have.
    UnknownEvent = Deny "unknown_event": "a condition on an event that the provider is not known to have",
    /// A trust block opens the role to events that run on the words of a stranger.
    UntrustedTrigger = Warn "untrusted_trigger": "a block that is open to events which run on the words of a stranger",
    /// A trust block lets proposed changes take a role that can change something.
    ReviewCanWrite = Warn "review_can_write": "pull requests that take a role which can change something, or read Terraform state",
    /// A trust block names an environment and no branch.
    EnvironmentWithoutBranch = Warn "environment_without_branch": "a block that names an environment and no branch",
    /// A glob covers more than it looks as if it did.
    WidePattern = Warn "wide_pattern": "a glob that covers more than it looks as if it did",
    /// A condition on `sub`, where claims say the same.
    SubMatched = Warn "sub_matched": "a condition on `sub`, where claims of their own say what it says",
    /// A reusable workflow is named by something that can be moved.
    WorkflowNotPinned = Warn "workflow_not_pinned": "a reusable workflow that is named by a branch or a tag, and no commit",
    /// An issuer's audience does not name this server.
    SharedAudience = Warn "shared_audience": "an issuer whose `audiences` hold one that does not name this server",
    /// A trust block lets in nobody whom another does not.
    UnreachableBlock = Warn "unreachable_block": "a trust block that another one covers, or whose events are never let in",
    /// A deny block keeps out all that a trust block lets in.
    ShadowedByDeny = Warn "shadowed_by_deny": "a trust block of which a deny block leaves nothing",
    /// What a role gives outlives the jobs that take it.
    TtlAboveNeed = Warn "ttl_above_need": "a role whose credentials outlive every job",
    /// An expression says yes to everything.
    VacuousWhen = Warn "vacuous_when": "a `when` that says yes to everything",
    /// One grant for the jobs of several projects.
    SeveralProjects = Warn "several_projects": "a role of several projects whose grants name none of them",
    /// A block rests on claims that whoever starts the job chooses.
    ChosenByAttacker = Warn "chosen_by_attacker": "a block that rests on a claim which whoever starts the job chooses",
    /// A block names a name where the tokens carry an id.
    NameWithoutId = Warn "name_without_id": "a name without its id: it can be given up and taken by somebody else",
    /// A block takes a tag as well as the branch of that name.
    TagOrBranch = Warn "tag_or_branch": "a `ref` that is a branch or a tag of that name",
}

impl Lint {
    /// Its name in settings and messages.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// What it does to a policy that breaks it.
    pub const fn level(self) -> Level {
        self.about().level
    }

    /// Whether an operator may allow it. What two roles of one name are to mean, nobody can say.
    pub const fn may_be_allowed(self) -> bool {
        !matches!(self, Self::DuplicateRole | Self::DuplicateArn)
    }

    /// What it finds, in half a sentence.
    pub const fn summary(self) -> &'static str {
        self.about().summary
    }

    /// Why it is one, who could get in, and what to write instead.
    pub const fn explanation(self) -> &'static str {
        self.about().explanation
    }

    /// The lint of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lint| lint.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lints_read_back_and_each_is_explained() {
        for lint in Lint::ALL {
            assert_eq!(Lint::from_name(lint.name()), Some(lint));
            assert!(lint.explanation().len() > 200 && lint.explanation().ends_with('\n'), "{}", lint.name());
        }
    }
}
