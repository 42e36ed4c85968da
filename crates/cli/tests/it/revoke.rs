//! Passes that an operator takes back, or their holder: refused by every server of the database at once.

use crate::support::{Emulator, Folder, Ran, Server, get, local_settings, post, ran};

/// A job of an onboarded repository, and two servers of one database.
struct Stage<'a> {
    folder: &'a Folder,
    emulator: Emulator,
    servers: [Server; 2],
}

const AUDIENCE: &str = "http://127.0.0.1:8080";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl<'a> Stage<'a> {
    fn set(folder: &'a Folder) -> Self {
        let emulator = folder.emulate(&["github"]);
        folder.write("daypass.toml", &local_settings("github", &emulator.issuer));
        let add = ["project", "add", "octo-org/octo-repo", "--issuer", "github", "--id", "123456789"];
        folder.ok(&[&add[..], &["--owner-id", "65"]].concat());
        Self { folder, emulator, servers: [folder.serve(&[]), folder.serve(&[])] }
    }

    fn pass(&self) -> String {
        let mut command = self.folder.command(&["exchange", "--url", &self.servers[0].url]);
        let ran = ran(command.envs(&self.emulator.variables));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    /// What a pass says of itself.
    fn said(&self, pass: &str) -> serde_json::Value {
        serde_json::from_str(&get(&format!("{}/v1.0/whoami", self.servers[0].url), Some(pass)).1).unwrap()
    }

    /// The answers of every face that takes a pass, on each server.
    fn answers(&self, pass: &str) -> Vec<(u16, String)> {
        let mut answers = Vec::new();
        for Server { url, .. } in &self.servers {
            for path in ["/v1.0/config", "/v1.0/whoami", &format!("/v1.0/verify?audience={AUDIENCE}")] {
                answers.push(get(&format!("{url}{path}"), Some(pass)));
            }
            answers.push(post(
                &format!("{url}/oauth2/introspect"),
                Some(pass),
                FORM,
                &format!("token={pass}"),
            ));
        }
        answers
    }

    fn is_good(&self, pass: &str) -> bool {
        self.answers(pass).iter().all(|(status, _)| *status == 200)
    }

    fn is_revoked(&self, pass: &str) -> bool {
        self.answers(pass).iter().all(|(status, body)| *status == 401 && body.contains("\"pass_revoked\""))
    }

    fn revoke(&self, arguments: &[&str]) -> Ran {
        self.folder.run(&[&["revoke"], arguments].concat())
    }
}

/// What both engines must do.
pub(crate) fn a_revoked_pass_is_refused_by_every_server_at_once(folder: &Folder) {
    let stage = Stage::set(folder);
    let [by_id, by_itself, by_form, by_run] = [(); 4].map(|()| stage.pass());
    let said = stage.said(&by_id);
    let told = stage.revoke(&["--credential", said["jti"].as_str().unwrap()]);
    assert!(told.stdout.starts_with("revoked: the pass 0"), "{told:?}");
    assert!(stage.is_revoked(&by_id));
    let url = &stage.servers[0].url;
    let (status, body) = post(&format!("{url}/v1.0/revoke"), Some(&by_itself), JSON, "");
    assert!(status == 200 && body.contains("\"revoked\":true"), "{body}");
    assert!(stage.is_revoked(&by_itself) && stage.is_good(&by_form));
    assert_eq!(post(&format!("{url}/oauth2/revoke"), None, FORM, &format!("token={by_form}")).0, 200);
    assert!(stage.is_revoked(&by_form) && stage.is_good(&by_run));
    let run = format!("github:{}", said["run"]["id"].as_str().unwrap());
    let told = stage.revoke(&["--run", &run, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["revoked"], format!("run:{run}"));
    assert!(stage.is_revoked(&by_run));
    // A pass of the next second is another matter.
    let later = std::iter::repeat_with(|| stage.pass()).find(|pass| !stage.is_revoked(pass)).unwrap();
    assert!(stage.is_good(&later));
    let told = stage.revoke(&["--role", "project", "--before", "2026-01-01T00:00:00Z"]);
    assert!(told.status == 2 && told.stderr.contains("has expired; nothing was done"), "{told:?}");
    assert!(stage.is_good(&later));
}

#[test]
fn a_revoked_pass_is_refused_by_every_server_of_a_file_at_once() {
    a_revoked_pass_is_refused_by_every_server_at_once(&Folder::new());
}

#[test]
fn each_subject_is_named_told_and_hit() {
    let folder = Folder::new();
    let stage = Stage::set(&folder);
    let said = stage.said(&stage.pass());
    let text = |object: &str, member: &str| said[object][member].as_str().unwrap().to_owned();
    let (exchange, job) = (said["exchange"].as_str().unwrap(), format!("github:{}", text("run", "job")));
    let account = text("account", "id");
    for (arguments, told) in [
        (["--job", &job], "every pass of the job `"),
        (["--project", "octo-org/octo-repo"], "every pass of the project octo-org/octo-repo ("),
        (["--account", &account], "every pass of the account octo-org ("),
        (["--role", "project"], "every pass of the role `project`, if issued until 2"),
        (["--issuer", "github"], "every pass for tokens of `github`, if issued until 2"),
    ] {
        let pass = std::iter::repeat_with(|| stage.pass()).find(|pass| !stage.is_revoked(pass)).unwrap();
        assert!(stage.is_good(&pass));
        let ran = stage.revoke(&arguments);
        assert!(ran.stdout.starts_with(&format!("revoked: {told}")) && ran.stderr.is_empty(), "{ran:?}");
        assert!(stage.is_revoked(&pass), "{arguments:?}");
    }
    let pass = std::iter::repeat_with(|| stage.pass()).find(|pass| !stage.is_revoked(pass)).unwrap();
    let ran = stage.revoke(&["--exchange", exchange, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&told["revoked"], &told["issued_before"]),
        (&format!("exchange:{exchange}").into(), &serde_json::Value::Null)
    );
    assert!(stage.is_good(&pass) && ran.stderr.is_empty());
    let ran = stage.revoke(&["--all"]);
    assert!(ran.stdout.starts_with("revoked: every pass, if issued until 2"), "{ran:?}");
    assert!(stage.is_revoked(&pass));
}

#[test]
fn what_is_not_there_is_told() {
    let folder = Folder::new();
    let stage = Stage::set(&folder);
    let nobody = "01930000-0000-7000-8000-000000000000";
    for (arguments, told) in [
        (["--project", "octo-org/other"], "there is no project `octo-org/other`"),
        (["--account", nobody], "there is no account"),
    ] {
        let ran = stage.revoke(&arguments);
        assert!(ran.status == 2 && ran.stderr.contains(told) && ran.stdout.is_empty(), "{ran:?}");
    }
    let late = stage.revoke(&["--all", "--before", "2999-01-01T00:00:00Z"]);
    assert!(late.status == 2 && late.stderr.contains("is to come"), "{late:?}");
    // It may have been, and its passes be valid.
    for (arguments, told) in [
        (["--issuer", "githb"], "note: the settings register no issuer `githb`; did you mean `github`?"),
        (["--run", "gone:1"], "note: the settings register no issuer `gone`"),
        (["--exchange", nobody], "note: the ledger has no exchange"),
    ] {
        let ran = stage.revoke(&arguments);
        assert!(ran.status == 0 && ran.stderr.starts_with(told), "{ran:?}");
    }
    assert!(stage.is_good(&stage.pass()), "nothing of this was anybody's");
    let without = Folder::new();
    without.write("daypass.toml", &local_settings("github", "http://127.0.0.1:1"));
    let ran = without.run(&["revoke", "--all"]);
    assert!(ran.status == 4 && ran.stderr.contains("there is no database"), "{ran:?}");
}
