//! The closed list of checks: the names by which people, scripts and `docs/doctor.md` know them.

macro_rules! checks {
    ($($variant:ident $name:literal $title:literal $advice:literal;)*) => {
        /// A check. Its name keeps its meaning for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Check { $(#[doc = $title] $variant,)* }

        impl Check {
            /// Every check, in the order of the documentation.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it looks at.
            #[cfg(test)]
            pub(super) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do where it finds something and knows nothing better.
            pub(super) const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

checks! {
    Settings "settings" "the settings can be read, file and variables"
        "mend the line; docs/settings.md lists the settings";
    MisspeltVariable "misspelt-variable" "no variable `DAYPASS_…` is almost the name of a setting"
        "rename the variable, or take it away: nothing reads it";
    FileModes "file-modes" "key files and the database belong to their owner alone"
        "chmod 600 the file; if others could read a key, replace it";
    StoreOpens "store-opens" "the database can be read, and a server of databases is one that may be trusted with it"
        "look at what the database says, and at `[store] url`";
    StoreVersion "store-version" "the tables are of the version that this daypass knows"
        "start the newer daypass; the database is left as it is";
    StoreWritable "store-writable" "the user who runs this may write the database and its folder"
        "run it as the user of the server, or give that user the file and its folder";
    StoreDurable "store-durable" "what is committed is on the platter"
        "put the database on a local disk, and leave its journal mode to daypass";
    StoreLog "store-log" "the write-ahead log is not larger than 64 MiB"
        "end the program that keeps an old view of the database open, a backup say";
    EncryptionKey "encryption-key" "the encryption key is there and opens the signing keys"
        "name the key under which the database was made: docs/keys.md";
    SigningKeys "signing-keys" "a key signs passes"
        "look at `daypass keys list`; `daypass keys rotate` makes a key";
    KeyRotation "key-rotation" "the next signing key is made when it is due"
        "a server that runs makes it; if one does, its log says what keeps it from that";
    KeysAhead "keys-ahead" "no signing key is dated later than now"
        "set the clock of this machine, or of the one that made the key";
    AuditStream "audit-stream" "what the audit stream is to send on waits for no longer than 10 minutes, and its file can be written"
        "the log of the server that delivers says why it does not; for a file, give its user the file or its folder";
    PolicyLoads "policy" "the policy can be read"
        "look at `policy_dir` and who may read it";
    PolicyFindings "policy-findings" "no lint has a finding, no rule names an issuer that is not registered"
        "mend the file, or allow the lint with a reason in `[policy.allow]`";
    IssuerKeys "issuer-keys" "discovery and keys of the issuer are had as by the server, within 5 s"
        "every token of this issuer is refused until its keys are had: look at the URL, at the network, at `ca_file` and `private_network`";
    IssuerSkippedKeys "issuer-skipped-keys" "every published key of the issuer is used"
        "tokens that such a key has signed are refused; whoever runs the issuer can replace a weak key";
    IssuerClock "issuer-clock" "the issuer's clock agrees with this one: a warning above 5 s, a fault above the leeway of 60 s"
        "tokens are refused as expired or not yet valid: set the clock that is wrong";
    IssuerCertificate "issuer-certificate" "the certificate of the issuer does not end soon"
        "tell whoever runs the issuer: when it ends, no keys are fetched any more";
    IssuerEvidence "issuer-evidence" "the profile rests on tokens that were seen (`live`), not on documentation alone"
        "nothing; look at the first tokens with `daypass inspect`";
    IssuerAudience "issuer-audience" "no token that was made for somebody else is taken from the issuer"
        "let jobs ask for a token of your own audience, and name that in `audiences`";
    IssuerKeyFile "issuer-key-file" "the file of keys is young enough to hold those of today"
        "fetch the issuer's key set anew into the file, and restart the server";
    UnaccountedClaims "unaccounted-claims" "no token has carried a claim that its profile does not know, as the metrics of the server tell"
        "the CI system says something new: look whether a newer daypass knows it";
    CertificateLoads "certificate" "the server's own certificate and its key belong together and are good now"
        "renew the pair: clients refuse it";
    CertificateEnd "certificate-end" "the server's own certificate does not end soon: 14 days, or a quarter of its life"
        "renew it; a server that runs takes the new files within seconds";
    CertificateHost "certificate-host" "the server's own certificate is for the host of `public_url`"
        "let it be issued for that host, or change `public_url`";
    ServerReachable "server-reachable" "the server answers at `--url`, else at `public_url`"
        "start it, or look at what stands in front of it";
    ServerReady "server-ready" "the server says of itself that it can exchange"
        "its log says why not";
    ServerIssuer "server-issuer" "the server calls itself by `public_url`"
        "it runs with other settings: restart it, or name its settings with `--config`";
    ServerKeys "server-keys" "the server publishes the signing keys of this database"
        "it runs on another database, or cannot read this one: look at its log";
    ServerPolicy "server-policy" "the server goes by the policy that the files say"
        "it takes a good version within seconds; a bad one it refuses, and its log says why";
    ServerClock "server-clock" "the server's clock agrees with this one"
        "set the clock that is wrong";
    DiskSpace "disk-space" "there is room where the database lives: a warning below 1 GiB, a fault below 128 MiB"
        "make room, or let old exchanges be forgotten: `[store] keep_exchanges`";
    MachineClock "machine-clock" "this machine's clock is plausible, and the issuers do not all say otherwise"
        "set the clock of this machine, and keep it by NTP";
    RefusesNoToken "refuses-no-token" "an exchange without a token is refused"
        "whatever answers gives without asking: take it off the network";
    RefusesNoPass "refuses-no-pass" "the API without a pass is refused"
        "whatever answers gives without asking: take it off the network";
    RefusesGarbage "refuses-garbage" "what is no token is refused"
        "something between changes requests or answers, or it is no daypass";
    RefusesUnsigned "refuses-unsigned" "a token with `alg: none` is refused"
        "take the server off the network: anybody can forge tokens";
    RefusesSymmetric "refuses-symmetric" "a token signed by HS256 with a public key is refused"
        "take the server off the network: anybody can forge tokens";
    RefusesUnknownIssuer "refuses-unknown-issuer" "a token of an issuer that is not registered is refused"
        "take the server off the network: anybody can forge tokens";
    RefusesUnknownKey "refuses-unknown-key" "a token under a key that its issuer does not publish is refused"
        "take the server off the network: anybody can forge tokens";
    RefusesForgedSignature "refuses-forged-signature" "a token with a known key id and the signature of another key is refused"
        "take the server off the network: anybody can forge tokens";
    RefusesExpired "refuses-expired" "an expired token, which nobody but its issuer could sign, is refused"
        "take the server off the network: old tokens are taken";
    RefusesOtherAudience "refuses-other-audience" "a token for somebody else, which nobody but its issuer could sign, is refused"
        "take the server off the network: tokens of other services are taken";
    RefusesOwnPass "refuses-own-pass" "a pass in the place of an identity token is refused"
        "take the server off the network: passes could be renewed without end";
    RefusesForgedPass "refuses-forged-pass" "a pass that this server has not signed is refused"
        "take the server off the network: anybody can forge passes";
    RefusesSymmetricPass "refuses-symmetric-pass" "a pass signed by HS256 with the server's public key is refused"
        "take the server off the network: anybody can forge passes";
    RefusesHead "refuses-head" "HEAD does not exchange"
        "something between turns HEAD into GET: a token would be spent and nothing shown";
    RefusesLargeBody "refuses-large-body" "a body that is too large is refused"
        "something between answers in the place of the server";
    RefusesQueryToken "refuses-query-token" "a token in the query is refused"
        "something between takes tokens from URLs, which stand in every log";
    RefusesTwoTokens "refuses-two-tokens" "two headers with tokens are refused"
        "something between joins or drops headers: it may choose another token than the server";
    RefusesGrantGarbage "refuses-grant-garbage" "the OAuth endpoint refuses what is no token"
        "something between changes requests or answers, or it is no daypass";
    RefusesNativeGarbage "refuses-native-garbage" "the native endpoint refuses what is no token"
        "something between changes requests or answers, or it is no daypass";
    RefusesAnonymousIntrospection "refuses-anonymous-introspection" "introspection without a pass is refused"
        "take the server off the network: strangers can ask about passes";
    RefusesAnonymousVerify "refuses-anonymous-verify" "forward authentication without a pass is refused"
        "take the server off the network: whatever it guards is open";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From here on the document is made of the list.
    const TABLE: &str = "| Check | What is well | What to do where it is not |\n|---|---|---|\n";

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a switch of the developer, not of the product")]
    fn the_document_lists_every_check() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
        let written = std::fs::read_to_string(path).unwrap();
        let (before, _) = written.split_once(TABLE).unwrap();
        let row =
            |check: &Check| format!("| `{}` | {} | {} |\n", check.name(), check.title(), check.advice());
        let made = format!("{before}{TABLE}{}", Check::ALL.iter().map(row).collect::<String>());
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(path, &made).unwrap();
        } else {
            assert_eq!(
                written, made,
                "make it anew: UPDATE_DOCS=1 cargo test -p daypass --bin daypass doctor"
            );
        }
    }

    #[test]
    fn names_are_kebab_case_and_none_stands_twice() {
        let mut names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
