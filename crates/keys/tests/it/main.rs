//! Key sets of real issuers on loopback.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod caching;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod prefetch;
