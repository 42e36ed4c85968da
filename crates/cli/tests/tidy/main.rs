//! Rules of this code base that neither the compiler nor clippy knows. Each says what is wrong, and where.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod files;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod locked;
#[cfg(test)]
mod modules;
#[cfg(test)]
mod rules;
