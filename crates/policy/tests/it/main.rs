//! The policy through its public door: files go in, decisions come out.

#[cfg(test)]
mod ceilings;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod disclosure;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod language;
#[cfg(test)]
mod workloads;
