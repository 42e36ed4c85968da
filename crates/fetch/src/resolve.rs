//! From a host's name to its addresses.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The addresses of a host, later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Resolves names. It is asked once a connection, and every address that it gives is judged.
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, which is a name and never an address.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// The resolver of the system.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}
