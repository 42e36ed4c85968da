//! Clocks and certificates of issuers.

use daypass_bench::clock;

use super::kit::{Installation, Issuer, certificate, end, free_port, put_certificate};
use crate::support::Folder;

#[test]
fn an_issuer_whose_clock_is_off_is_found_and_by_more_than_the_leeway_it_is_a_fault() {
    for (ahead, found) in [
        (600, vec![("fault", "issuer-clock")]),
        (-600, vec![("fault", "issuer-clock")]),
        (30, vec![("warning", "issuer-clock")]),
        (2, vec![]),
    ] {
        let issuer = Issuer::new().with_clock(ahead);
        let url = issuer.url.clone();
        let installation = Installation::of(&[&url], issuer);
        assert_eq!(installation.doctor(&[]).worse_than_notes(), found, "{ahead}");
    }
}

#[test]
fn where_all_issuers_say_that_we_are_off_it_is_our_clock() {
    let (one, other) = (Issuer::new().with_clock(600), Issuer::new().with_clock(601));
    let urls = [one.url.clone(), other.url.clone()];
    let installation = Installation::of(&[&urls[0], &urls[1]], one);
    let looked = installation.doctor(&[]);
    assert_eq!((looked.status, looked.worse_than_notes()), (1, vec![("fault", "machine-clock")]));
    assert!(
        looked.text().contains("all 2 issuers agree that this machine's clock is 600 s behind"),
        "{}",
        looked.text()
    );

    let right = Issuer::new();
    let installation = Installation::of(&[&urls[0], &right.url], other);
    assert_eq!(installation.doctor(&[]).worse_than_notes(), [("fault", "issuer-clock")]);
}

#[test]
fn the_certificate_of_an_issuer_that_ends_soon_is_found() {
    let port = free_port();
    let url = format!("https://127.0.0.1:{port}");
    let issuer = Folder::new();
    let tls = "[http]\ntls_certificate_file = 'tls.crt'\ntls_key_file = 'tls.key'\n";
    issuer.write("daypass.toml", &format!("public_url = '{url}'\nlisten = '127.0.0.1:{port}'\n{tls}"));
    let day = 86_400;
    for (ends_in, found) in [(60 * day, vec![]), (5 * day, vec![("warning", "issuer-certificate")])] {
        let pair = certificate("127.0.0.1", clock::now().plus_seconds(ends_in));
        put_certificate(&issuer, &pair);
        let server = issuer.serve(&[]);
        let installation = Installation::of(&[&url], Issuer::new());
        let settings = installation.folder.read("daypass.toml");
        installation.folder.write("ca.pem", &pair.0);
        installation
            .folder
            .write("daypass.toml", &settings.replace("insecure_http = true", "ca_file = 'ca.pem'"));
        let looked = installation.doctor(&[]);
        assert_eq!((looked.status, looked.worse_than_notes()), (0, found), "{looked:#?}");
        assert!(looked.has("ok", "issuer-keys"), "{looked:#?}");
        end(server);
    }
}
