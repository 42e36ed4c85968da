//! `[roles.NAME.grants.aws]`: AWS credentials.

use super::Checked;
use crate::grant::{AwsGrant, UpstreamRole};
use crate::reader::{Located, Section};

/// Characters of the longest ARN of a role (IAM's own bound).
const MAX_ARN_CHARS: usize = 2048;

pub(super) fn read(section: &Section<'_>, checked: &Checked<'_>) -> Option<AwsGrant> {
    let arn = section.required_text("arn");
    let policy = section.text("policy");
    let trust_policy = section.text("trust_policy");
    let upstream = section.section("upstream").map(|upstream| self::upstream(&upstream, checked));
    section.finish();
    let documents = [&policy, &trust_policy].into_iter().flatten();
    let documents: Vec<_> = documents.map(|path| checked.refuse(path, path_fault(&path.value))).collect();
    if policy.is_none() && !matches!(upstream, Some(Some(_))) {
        let help = "add `policy = \"….json\"`: without one a session may do nothing".to_owned();
        section.error(format!("`{}` says not what a session may do", section.name()), Some(help));
    }
    let arn = arn?;
    let template = checked.template(&arn)?;
    checked.refuse(&arn, arn_fault(&arn.value))?;
    documents.into_iter().collect::<Option<()>>()?;
    let value = |text: Option<Located<String>>| text.map(|text| text.value);
    let upstream = match upstream {
        Some(upstream) => Some(upstream?),
        None => None,
    };
    Some(AwsGrant { arn: template, policy: value(policy), trust_policy: value(trust_policy), upstream })
}

fn upstream(section: &Section<'_>, checked: &Checked<'_>) -> Option<UpstreamRole> {
    let (role, region) = (section.required_text("role"), section.required_text("region"));
    section.finish();
    let (role, region) = (role?, region?);
    checked.fixed(&role, "a role of real AWS")?;
    checked.refuse(&role, arn_fault(&role.value))?;
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fault = (region.value.is_empty() || !region.value.bytes().all(is_region))
        .then(|| format!("`{}` is no AWS region: write one as `eu-central-1`", region.value));
    checked.refuse(&region, fault)?;
    Some(UpstreamRole { role: role.value, region: region.value })
}

/// Why a text is no ARN of a role; places of claims stand in the name alone.
fn arn_fault(text: &str) -> Option<String> {
    let is_part = |part: &str| {
        let mut rest = part.split(':');
        let (arn, partition, service) = (rest.next(), rest.next(), rest.next());
        let (region, account, resource) = (rest.next(), rest.next(), rest.next());
        let is_account = account
            .is_some_and(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        let is_name = |name: &str| {
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/{}".contains(&byte);
            !name.is_empty() && name.bytes().all(is_of_name)
        };
        arn == Some("arn")
            && matches!(partition, Some("aws" | "aws-cn" | "aws-us-gov"))
            && service == Some("iam")
            && region == Some("")
            && is_account
            && resource.and_then(|resource| resource.strip_prefix("role/")).is_some_and(is_name)
            && rest.next().is_none()
    };
    (text.len() > MAX_ARN_CHARS || !is_part(text))
        .then(|| format!("`{text}` is no ARN of a role, as `arn:aws:iam::000000000000:role/example`"))
}

/// Why a text is no path of a document below the policy folder.
fn path_fault(path: &str) -> Option<String> {
    let is_inside = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.starts_with('.');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_path = path.to_ascii_lowercase().ends_with(".json")
        && path.bytes().all(is_name)
        && path.split('/').all(is_inside);
    (!is_path).then(|| format!("`{path}` is no JSON file below the folder of this file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_a_role_of_an_account() {
        for arn in [
            "arn:aws:iam::000000000000:role/example-deploy",
            "arn:aws-cn:iam::111111111111:role/path/to/role",
            "arn:aws-us-gov:iam::111111111111:role/x-{repository_id}",
        ] {
            assert_eq!(arn_fault(arn), None, "{arn}");
        }
        for arn in [
            "",
            "arn:aws:iam::0:role/x",
            "arn:aws:iam::{repository_id}:role/x",
            "arn:aws:iam::000000000000:user/x",
            "arn:aws:iam::000000000000:role/",
            "arn:aws:iam::000000000000:role/x:y",
            "arn:aws:iam:eu-west-1:000000000000:role/x",
            "arn:other:iam::000000000000:role/x",
            "arn:aws:sts::000000000000:role/x",
            "arn:aws:iam::000000000000:role/*",
        ] {
            assert!(arn_fault(arn).is_some(), "{arn}");
        }
    }

    #[test]
    fn a_document_stays_below_its_folder() {
        assert!(["a.json", "aws/ecr-push.json"].into_iter().all(|path| path_fault(path).is_none()));
        for path in [
            "",
            "/etc/x.json",
            "../x.json",
            "a/../x.json",
            "a//x.json",
            "x.toml",
            ".x.json",
            "a b.json",
            "x.json\0",
        ] {
            assert!(path_fault(path).is_some(), "{path:?}");
        }
    }
}
