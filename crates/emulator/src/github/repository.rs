//! A repository of GitHub: its names, and the numbers that outlive them.

use std::fmt;
use std::str::FromStr;

use crate::checkout::is_name;
use crate::fault::EmulatorFault;
use crate::identity::stable_id;

/// A repository of GitHub. [`Repository::default`] is `octo-org/octo-repo`, number 123456789, of owner 65.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The organisation or user.
    pub owner: String,
    /// The name below the owner.
    pub name: String,
    /// Number of the repository.
    pub id: u64,
    /// Number of the owner.
    pub owner_id: u64,
}

impl Default for Repository {
    fn default() -> Self {
        Self { owner: "octo-org".to_owned(), name: "octo-repo".to_owned(), id: 123_456_789, owner_id: 65 }
    }
}

impl FromStr for Repository {
    type Err = EmulatorFault;

    /// Reads `owner/name`. The numbers of any repository but the default one are made up, see [`stable_id`].
    fn from_str(path: &str) -> Result<Self, EmulatorFault> {
        let default = Self::default();
        match path.split_once('/') {
            Some(("octo-org", "octo-repo")) => Ok(default),
            Some((owner, name)) if is_name(owner) && is_name(name) => Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
                id: stable_id(path),
                owner_id: if owner == default.owner { default.owner_id } else { stable_id(owner) },
            }),
            _ => Err(EmulatorFault::RepositoryMalformed(path.to_owned())),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_keeps_its_numbers_and_every_other_name_has_its_own() {
        assert_eq!("octo-org/octo-repo".parse::<Repository>().unwrap(), Repository::default());
        let other: Repository = "octo-org/other".parse().unwrap();
        assert_eq!((other.id, other.owner_id), (stable_id("octo-org/other"), 65));
        let foreign: Repository = "acme/shop".parse().unwrap();
        assert_eq!((foreign.id, foreign.owner_id), (stable_id("acme/shop"), stable_id("acme")));
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for path in ["", "shop", "/shop", "acme/", "acme/shop/x", "acme/..", "a:b/c", "a b/c", "acme/shop@1"]
        {
            assert!(path.parse::<Repository>().is_err(), "{path}");
        }
    }
}
