//! The emulator as its users see it: over HTTP, through variables and files.

#[cfg(test)]
mod checkout;
#[cfg(test)]
mod github;
#[cfg(test)]
mod github_events;
#[cfg(test)]
mod gitlab;
#[cfg(test)]
mod gitlab_events;
#[cfg(test)]
mod join;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
