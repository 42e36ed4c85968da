//! The server's own certificate, and how long any certificate is still good.

use daypass_jose::Timestamp;
use daypass_web::{LiveCertificate, Validity};

use super::check::Check;
use super::finding::{Finding, Level};
use crate::settings::{FileFault, Settings, TlsFault};
use crate::words;

/// What is left of a certificate when somebody should look, in seconds: 14 days, and of one that lives shorter than 56 a
/// quarter of its life. Renewals come before.
const SOON_SECONDS: i64 = 14 * 86_400;

/// The files of the settings, read as at a start.
pub(super) fn of_server(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let Some(files) = &settings.certificate else { return Vec::new() };
    let refused = |check, text: String| vec![Finding::fault(check, text).at(files)];
    let pem = match files.read() {
        Ok(pem) => pem,
        Err(fault @ TlsFault::File { fault: FileFault::Exposed, .. }) => {
            return refused(Check::FileModes, fault.to_string());
        }
        Err(fault) => return refused(Check::CertificateLoads, fault.to_string()),
    };
    let certificate = match LiveCertificate::new(pem, now) {
        Ok(live) => live.current(),
        Err(fault) => return refused(Check::CertificateLoads, fault.to_string()),
    };
    let host = settings.public_url.host();
    let of_host = if certificate.is_for(host) {
        Finding::ok(Check::CertificateHost, format!("the certificate is for `{host}`"))
    } else {
        let text =
            format!("the certificate is not for `{host}`, the host of `public_url`: clients refuse it");
        Finding::fault(Check::CertificateHost, text)
    };
    let of_end = certificate
        .validity()
        .map(|validity| end(Check::CertificateEnd, "the certificate", validity, now).at(files));
    let loads = Finding::ok(Check::CertificateLoads, "the certificate and its key belong together");
    [Some(loads), Some(of_host.at(files)), of_end].into_iter().flatten().collect()
}

/// How long `whose` certificate is still good.
pub(super) fn end(check: Check, whose: &str, validity: Validity, now: Timestamp) -> Finding {
    let Validity { not_before, not_after } = validity;
    let life = not_after.seconds().saturating_sub(not_before.seconds());
    let left = not_after.seconds().saturating_sub(now.seconds());
    let soon = SOON_SECONDS.min(life.checked_div(4).unwrap_or(0));
    let when = words::relative(not_after, now);
    let (level, text) = if left < 0 {
        (Level::Fault, format!("{whose} ended at {not_after} ({when})"))
    } else if left < soon {
        (Level::Warning, format!("{whose} ends at {not_after} ({when})"))
    } else {
        (Level::Ok, format!("{whose} ends {when}"))
    };
    Finding::new(check, level, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_days_or_a_quarter_of_its_life_are_soon() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        let day = 86_400;
        for (life, left, level) in [
            (90 * day, 15 * day, Level::Ok),
            (90 * day, 13 * day, Level::Warning),
            (90 * day, -1, Level::Fault),
            (day, day / 2, Level::Ok),
            (day, day / 5, Level::Warning),
        ] {
            let validity =
                Validity { not_before: now.plus_seconds(left - life), not_after: now.plus_seconds(left) };
            let finding = end(Check::CertificateEnd, "it", validity, now);
            assert_eq!(finding.level, level, "{life} {left}");
        }
    }
}
