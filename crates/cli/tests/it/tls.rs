//! The certificate of the server: what stops the start, and how the next one comes into force.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::support::{Folder, set_mode};

const SETTINGS: &str = "public_url = 'https://localhost:8443'\nlisten = '127.0.0.1:0'\n\
                        [http]\ntls_certificate_file = 'tls.crt'\ntls_key_file = 'tls.key'\n";

/// A certificate and its key in PEM, for a host, made after `change`.
fn pair(host: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn put(folder: &Folder, (certificate, key): &(String, String)) {
    folder.write("tls.crt", certificate);
    set_mode(&folder.write("tls.key", key), 0o600);
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("daypass.toml", SETTINGS);
    folder
}

fn refused(folder: &Folder) -> String {
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(!folder.path("daypass.db").exists(), "a start that fails makes nothing");
    ran.stderr
}

#[test]
fn a_pair_that_cannot_be_shown_stops_the_start() {
    let folder = folder();
    let (good, other) = (pair("localhost", |_| {}), pair("localhost", |_| {}));
    assert!(refused(&folder).contains("`tls_certificate_file`: `tls.crt`: there is no such file"));
    folder.write("tls.crt", &good.0);
    assert!(refused(&folder).contains("`tls_key_file`: `tls.key`: there is no such file"));
    put(&folder, &good);
    for mode in [0o644, 0o640, 0o604, 0o660] {
        set_mode(&folder.path("tls.key"), mode);
        let told = refused(&folder);
        assert!(
            told.contains("other users can read or change it") && told.contains("chmod 600 'tls.key'"),
            "{told}"
        );
    }
    put(&folder, &(good.0.clone(), other.1));
    assert!(refused(&folder).contains("the private key does not belong to the certificate"));
    put(&folder, &pair("localhost", |params| params.not_after = date_time_ymd(2020, 1, 1)));
    let told = refused(&folder);
    assert!(
        told.contains("the certificate ended at 2020-01-01T00:00:00Z") && told.contains("renew it"),
        "{told}"
    );
    put(&folder, &(good.0.clone(), "nonsense".to_owned()));
    assert!(refused(&folder).contains("the private key is malformed"));
    folder.write("tls.crt", &"x".repeat(1024 * 1024 + 1));
    assert!(refused(&folder).contains("`tls.crt`: it is larger than 1048576 bytes"));
    put(&folder, &good);
    folder.serve(&[]);
}

#[test]
fn it_says_that_it_speaks_tls_and_takes_the_next_pair_when_that_is_whole() {
    let folder = folder();
    put(&folder, &pair("other.example", |_| {}));
    let mut server = folder.serve(&[]);
    let address = server.url.strip_prefix("https://127.0.0.1:").unwrap_or_else(|| panic!("{}", server.url));
    server.standing.stderr_line(|line| line.contains("is not for `localhost`, the host of `public_url`"));
    let mut stream = TcpStream::connect(format!("127.0.0.1:{address}")).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    let next = pair("localhost", |params| params.not_after = date_time_ymd(2222, 2, 2));
    folder.write("tls.crt", &next.0);
    let told = server.standing.stderr_line(|line| line.contains("is refused, the old one stays"));
    assert!(told.contains("ERROR") && told.contains("does not belong"), "{told}");
    put(&folder, &next);
    server.standing.stderr_line(|line| line.contains("2222-02-02"));
    set_mode(&folder.path("tls.key"), 0o640);
    server.standing.stderr_line(|line| line.contains("other users can read or change it"));
    let secret = next.1.lines().nth(1).unwrap();
    server.standing.signal(rustix::process::Signal::TERM);
    assert_eq!(server.standing.wait(), 0);
    assert!(!server.standing.stderr().iter().any(|line| line.contains(secret)), "no log shows the key");
}
