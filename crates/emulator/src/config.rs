//! What an emulator is told at its start.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use crate::fault::EmulatorFault;
use crate::github::GithubJob;
use crate::gitlab::GitlabJob;

/// A CI system, and the first job that runs in it.
#[derive(Debug, Clone)]
pub enum Provider {
    /// GitHub Actions.
    Github(GithubJob),
    /// GitLab CI/CD.
    Gitlab(GitlabJob),
}

/// What an emulator is told at its start.
#[derive(Debug, Clone)]
pub struct EmulatorConfig {
    /// Where it listens: `127.0.0.1` and nothing else; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Which CI system it plays, and its first job.
    pub provider: Provider,
    /// The URL of a running emulator for whose issuer this one signs too, with the key that both find in `state_dir`:
    /// `http://127.0.0.1:PORT`. Discovery and keys stay with that one.
    pub join: Option<String>,
    /// A folder of the user's in which the signing key is kept between runs, so that a server that has seen the key
    /// need not fetch it again. Without one, each run has a new key.
    pub state_dir: Option<PathBuf>,
}

impl EmulatorConfig {
    /// Any free port, and a new key.
    pub fn new(provider: Provider) -> Self {
        Self {
            listen: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into(),
            provider,
            join: None,
            state_dir: None,
        }
    }

    /// The address to bind. The issuer's URL is `http://127.0.0.1:PORT`, so no other address will do: least of all
    /// one that another machine can reach, since whoever reaches it can ask for keys and, with a job's token, identities.
    pub(crate) fn loopback(&self) -> Result<SocketAddr, EmulatorFault> {
        if self.listen.ip() != Ipv4Addr::LOCALHOST || self.listen.port() == 80 {
            return Err(EmulatorFault::ListenRefused(self.listen));
        }
        Ok(self.listen)
    }

    /// The issuer to join, if any. Without a folder there is no key in common.
    pub(crate) fn joined(&self) -> Result<Option<&str>, EmulatorFault> {
        let Some(url) = self.join.as_deref() else { return Ok(None) };
        let address = url.strip_prefix("http://").and_then(|address| address.parse::<SocketAddr>().ok());
        let is_issuer = address.is_some_and(|address| {
            // Byte for byte as the other one writes it, since that is what `iss` says.
            address.ip() == Ipv4Addr::LOCALHOST && format!("http://{address}") == url && address.port() != 0
        });
        match self.state_dir {
            _ if !is_issuer => Err(EmulatorFault::JoinRefused(url.to_owned())),
            None => Err(EmulatorFault::JoinWithoutKeys),
            Some(_) => Ok(Some(url)),
        }
    }
}
