//! Lints: rules that a file can break although it can be read, and that an operator may allow with a reason.

use super::Level;

/// A lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lint {
    /// A trust block has no condition but its issuer.
    EmptyTrust,
    /// A pattern accepts every value.
    VacuousPattern,
    /// One role is defined twice.
    DuplicateRole,
    /// Two roles have one ARN.
    DuplicateArn,
    /// A block of an issuer that strangers share binds no immutable owner id.
    NoImmutableOwner,
    /// An issuer takes tokens that were made for somebody else.
    ForeignAudience,
    /// A role exceeds the ceiling of its folder.
    OverCeiling,
    /// A grant names a claim that can be renamed and taken by somebody else.
    MutablePlaceholder,
    /// A text holds a `*`, which in a text is a letter.
    StarInText,
    /// A condition names an event that the provider is not known to have.
    UnknownEvent,
    /// A trust block opens the role to events that run on the words of a stranger.
    UntrustedTrigger,
    /// A trust block lets proposed changes take a role that can change something.
    ReviewCanWrite,
    /// A trust block names an environment and no branch.
    EnvironmentWithoutBranch,
}

/// What is known of a lint, in one place.
struct About {
    name: &'static str,
    level: Level,
    summary: &'static str,
    explanation: &'static str,
}

impl Lint {
    /// All lints.
    pub const ALL: [Self; 13] = [
        Self::EmptyTrust,
        Self::VacuousPattern,
        Self::DuplicateRole,
        Self::DuplicateArn,
        Self::NoImmutableOwner,
        Self::ForeignAudience,
        Self::OverCeiling,
        Self::MutablePlaceholder,
        Self::StarInText,
        Self::UnknownEvent,
        Self::UntrustedTrigger,
        Self::ReviewCanWrite,
        Self::EnvironmentWithoutBranch,
    ];

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

    const fn about(self) -> About {
        match self {
            Self::EmptyTrust => About {
                name: "empty_trust",
                level: Level::Deny,
                summary: "a trust block with no condition but its issuer",
                explanation: include_str!("lints/empty_trust.md"),
            },
            Self::VacuousPattern => About {
                name: "vacuous_pattern",
                level: Level::Deny,
                summary: "a glob that takes every value",
                explanation: include_str!("lints/vacuous_pattern.md"),
            },
            Self::DuplicateRole => About {
                name: "duplicate_role",
                level: Level::Deny,
                summary: "one role in two files",
                explanation: include_str!("lints/duplicate_role.md"),
            },
            Self::DuplicateArn => About {
                name: "duplicate_arn",
                level: Level::Deny,
                summary: "two roles with one ARN",
                explanation: include_str!("lints/duplicate_arn.md"),
            },
            Self::NoImmutableOwner => About {
                name: "no_immutable_owner",
                level: Level::Deny,
                summary: "a block of a shared issuer that rests on no immutable owner id",
                explanation: include_str!("lints/no_immutable_owner.md"),
            },
            Self::ForeignAudience => About {
                name: "foreign_audience",
                level: Level::Deny,
                summary: "an issuer whose `audiences` hold an audience of somebody else",
                explanation: include_str!("lints/foreign_audience.md"),
            },
            Self::OverCeiling => About {
                name: "over_ceiling",
                level: Level::Deny,
                summary: "a role that exceeds the ceiling of its folder",
                explanation: include_str!("lints/over_ceiling.md"),
            },
            Self::MutablePlaceholder => About {
                name: "mutable_placeholder",
                level: Level::Deny,
                summary: "a grant that names a claim which can be renamed",
                explanation: include_str!("lints/mutable_placeholder.md"),
            },
            Self::StarInText => About {
                name: "star_in_text",
                level: Level::Deny,
                summary: "a text with a `*`, which in a text is a letter",
                explanation: include_str!("lints/star_in_text.md"),
            },
            Self::UnknownEvent => About {
                name: "unknown_event",
                level: Level::Deny,
                summary: "a condition on an event that the provider is not known to have",
                explanation: include_str!("lints/unknown_event.md"),
            },
            Self::UntrustedTrigger => About {
                name: "untrusted_trigger",
                level: Level::Warn,
                summary: "a block that is open to events which run on the words of a stranger",
                explanation: include_str!("lints/untrusted_trigger.md"),
            },
            Self::ReviewCanWrite => About {
                name: "review_can_write",
                level: Level::Warn,
                summary: "pull requests that take a role which can change something, or read Terraform state",
                explanation: include_str!("lints/review_can_write.md"),
            },
            Self::EnvironmentWithoutBranch => About {
                name: "environment_without_branch",
                level: Level::Warn,
                summary: "a block that names an environment and no branch",
                explanation: include_str!("lints/environment_without_branch.md"),
            },
        }
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
