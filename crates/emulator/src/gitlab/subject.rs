//! `sub`: the default one, and those of a project's `ci_id_token_sub_claim_components`.

use std::str::FromStr;

use daypass_jose::{Json, Object};

use crate::fault::EmulatorFault;

/// One of these comes first.
const FIRST: [&str; 6] = [
    "project_path",
    "project_id",
    "job_project_path",
    "job_project_id",
    "source_project_path",
    "source_project_id",
];
/// These may follow.
const FURTHER: [&str; 5] = ["ref_type", "ref", "ref_protected", "environment_protected", "deployment_tier"];

/// The claims of which `sub` is made. [`SubjectComponents::default`] is project path, ref type and ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectComponents(Vec<String>);

impl Default for SubjectComponents {
    fn default() -> Self {
        Self(["project_path", "ref_type", "ref"].map(str::to_owned).into())
    }
}

impl FromStr for SubjectComponents {
    type Err = EmulatorFault;

    /// Reads names with commas between: a project first, each once.
    fn from_str(text: &str) -> Result<Self, EmulatorFault> {
        let names: Vec<&str> = text.split(',').collect();
        let is_once = |name: &&str| names.iter().filter(|other| *other == name).count() == 1;
        match names.split_first() {
            Some((first, rest))
                if FIRST.contains(first)
                    && rest.iter().all(|name| FURTHER.contains(name))
                    && rest.iter().all(is_once) =>
            {
                Ok(Self(names.into_iter().map(str::to_owned).collect()))
            }
            _ => Err(EmulatorFault::SubjectMalformed(text.to_owned())),
        }
    }
}

impl SubjectComponents {
    /// `name:value` of each component that the job has, a colon between them. Nothing is escaped: neither paths nor
    /// refs can hold a colon.
    pub(super) fn subject(&self, claims: &Object) -> String {
        let part = |name: &String| match claims.member(name) {
            Some(Json::String(value)) => Some(format!("{name}:{value}")),
            _ => None,
        };
        self.0.iter().filter_map(part).collect::<Vec<_>>().join(":")
    }

    /// Whether another project that had the path before would have had the same `sub`.
    pub(super) fn name_a_path(&self) -> bool {
        self.0.iter().any(|name| name.ends_with("_path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_components_are_named_in_their_order_and_absent_ones_left_out() {
        let mut claims = Object::default();
        for (name, value) in [
            ("project_path", "octo/app"),
            ("project_id", "42"),
            ("ref_type", "branch"),
            ("ref", "main"),
            ("ref_protected", "true"),
        ] {
            claims.insert(name, value);
        }
        for (components, expected) in [
            ("project_path,ref_type,ref", "project_path:octo/app:ref_type:branch:ref:main"),
            ("project_id,ref_type,ref", "project_id:42:ref_type:branch:ref:main"),
            ("project_path", "project_path:octo/app"),
            ("project_id,ref_protected,environment_protected", "project_id:42:ref_protected:true"),
        ] {
            assert_eq!(components.parse::<SubjectComponents>().unwrap().subject(&claims), expected);
        }
        assert_eq!(
            SubjectComponents::default().subject(&claims),
            "project_path:octo/app:ref_type:branch:ref:main"
        );
    }

    #[test]
    fn what_is_no_list_of_components_is_refused() {
        for text in [
            "",
            "ref",
            "ref,project_path",
            "project_path,ref,ref",
            "project_path,",
            "project_path,sha",
            "user_id",
        ] {
            assert!(text.parse::<SubjectComponents>().is_err(), "{text}");
        }
    }
}
