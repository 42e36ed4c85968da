//! A project of GitLab: its path, and the numbers that outlive it.

use std::str::FromStr;

use crate::checkout::is_name;
use crate::fault::EmulatorFault;
use crate::identity::stable_id;

/// A project of GitLab. [`Project::default`] is `octo/app`, number 42, in namespace 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Path of the group, which may have subgroups.
    pub namespace: String,
    /// The name below the group.
    pub name: String,
    /// Number of the project.
    pub id: u64,
    /// Number of the group.
    pub namespace_id: u64,
}

impl Default for Project {
    fn default() -> Self {
        Self { namespace: "octo".to_owned(), name: "app".to_owned(), id: 42, namespace_id: 7 }
    }
}

impl Project {
    /// Group and name.
    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl FromStr for Project {
    type Err = EmulatorFault;

    /// Reads `group/…/name`. The numbers of any project but the default one are made up, see [`stable_id`].
    fn from_str(path: &str) -> Result<Self, EmulatorFault> {
        let default = Self::default();
        match path.rsplit_once('/') {
            Some(("octo", "app")) => Ok(default),
            Some((namespace, name)) if path.split('/').all(is_name) => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                id: stable_id(path),
                namespace_id: if namespace == default.namespace {
                    default.namespace_id
                } else {
                    stable_id(namespace)
                },
            }),
            _ => Err(EmulatorFault::ProjectMalformed(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_at_its_last_name() {
        assert_eq!("octo/app".parse::<Project>().unwrap(), Project::default());
        let project: Project = "acme/web/shop".parse().unwrap();
        assert_eq!((project.namespace.as_str(), project.path().as_str()), ("acme/web", "acme/web/shop"));
        assert_eq!((project.id, project.namespace_id), (stable_id("acme/web/shop"), stable_id("acme/web")));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "app", "/app", "octo/", "octo//app", "octo/../app", "octo/a:b", "octo/a b"] {
            assert!(path.parse::<Project>().is_err(), "{path}");
        }
    }
}
