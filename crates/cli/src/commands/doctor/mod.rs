//! `daypass doctor`: what is wrong with an installation, where, and what to do. It changes nothing.

mod ask;
mod certificate;
mod check;
mod claims;
mod clocks;
mod disk;
mod finding;
mod issuers;
mod keys;
mod negative;
mod policy;
mod server;
mod store;
mod stream;

use daypass_fetch::Fetcher;
use daypass_policy::Lint;

use self::ask::Server;
use self::check::Check;
use self::finding::{Finding, Level, Report};
use super::{Context, serve};
use crate::args::DoctorArguments;
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;
use crate::settings::{Settings, SettingsFaults, misspelt_variables};

pub(super) async fn run(arguments: &DoctorArguments, context: &Context) -> Result<u8, CommandFault> {
    let findings = match serve::settings(&arguments.server, context) {
        Ok(settings) if arguments.negative => negative::run(Some(settings), arguments, context).await,
        Ok(settings) => of_installation(settings, arguments, context).await,
        // Who looks at a server from elsewhere has no settings of it.
        Err(faults) if arguments.negative && is_elsewhere(arguments) && faults.is_no_file() => {
            negative::run(None, arguments, context).await
        }
        Err(faults) => of_settings(&faults),
    };
    output::progress("");
    let mut findings = findings;
    findings.extend(misspelt(context));
    let report = Report::new(findings);
    report.print(arguments.json)?;
    let bound = if arguments.strict { Level::Warning } else { Level::Fault };
    Ok(if report.worst() >= bound { FINDINGS } else { OK })
}

/// Whether a server is named and no settings are.
fn is_elsewhere(arguments: &DoctorArguments) -> bool {
    arguments.url.is_some() && arguments.server.settings.config.is_none()
}

/// Everything is judged by the settings, so that without them nothing else is.
fn of_settings(faults: &SettingsFaults) -> Vec<Finding> {
    let check =
        |lint| if lint == Some(Lint::ForeignAudience) { Check::IssuerAudience } else { Check::Settings };
    faults
        .each()
        .map(|fault| Finding::fault(check(fault.lint), fault.message).at(&fault.place).help(fault.help))
        .collect()
}

fn misspelt(context: &Context) -> Vec<Finding> {
    let told = misspelt_variables(&context.environment).into_iter();
    told.map(|text| Finding::warning(Check::MisspeltVariable, text).at("the environment")).collect()
}

async fn of_installation(
    mut settings: Settings,
    arguments: &DoctorArguments,
    context: &Context,
) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(Check::Settings, "the settings can be read")];
    let now = context.clock.now();
    let fetcher = match Fetcher::new(&settings.outbound) {
        Ok(fetcher) => fetcher,
        Err(fault) => return vec![Finding::fault(Check::Settings, fault.to_string()).at("[outbound]")],
    };
    findings.extend(certificate::of_server(&settings, now));
    findings.extend(disk::space(&settings.store));
    let issuers = issuers::Asked::of(&mut settings);
    let (version, of_policy) = policy::check(&mut settings);
    findings.extend(of_policy);
    output::progress(format_args!("asking the store, {} issuers and the server …", issuers.len()));
    let of_store_and_server = async {
        let (seen, mut findings) = store::check(&settings.store).await;
        let rows = seen.keys.as_deref();
        findings.extend(keys::check(&settings, rows, context).await);
        findings.extend(stream::check(&settings, &seen, now));
        let server = Server::new(arguments, Some(&settings), &fetcher, context);
        let expected = server::Expected { settings: &settings, rows, version };
        findings.extend(server::check(&server, &expected).await);
        findings.extend(claims::check(&settings, &server).await);
        findings
    };
    let (of_store_and_server, of_issuers) =
        tokio::join!(of_store_and_server, issuers.check(&fetcher, context));
    findings.extend(of_store_and_server);
    findings.extend(of_issuers);
    findings
}
