//! The policy through its public door: files go in, decisions come out.

#[cfg(test)]
mod attackers;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod ceilings;
#[cfg(test)]
mod cells;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod disclosure;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod language;
#[cfg(test)]
mod lints;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod odd_claims;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod when;
#[cfg(test)]
mod workloads;
