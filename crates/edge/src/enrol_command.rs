//! `gatehouse-edge enrol`: a machine becomes a node.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use domain::UtcTime;
use edge::config::enrolled::data_folder;
use uplink::enrol::{Existing, Outcome, enrol as enrol_machine};
use wire::enrolment::{AuthorityPrint, EnrolmentCode};

#[derive(clap::Args)]
pub(crate) struct Enrol {
    /// The hub's address, such as https://hub.example.vn:8443.
    #[arg(long)]
    hub: String,
    /// The code, as the hub showed it.
    #[arg(long)]
    code: String,
    /// The fingerprint of the hub's authority, where it came by another way than the code; both must be the same.
    #[arg(long, value_name = "FINGERPRINT")]
    ca_fingerprint: Option<AuthorityPrint>,
    /// The node's configuration, of which only `data` is looked at.
    #[arg(long, required_unless_present = "data")]
    config: Option<PathBuf>,
    /// The node's data folder, instead.
    #[arg(long, conflicts_with = "config")]
    data: Option<PathBuf>,
    /// Also where the machine is a node already: it gets a new certificate, and the names in the code.
    #[arg(long)]
    again: bool,
}

pub(crate) fn enrol(arguments: Enrol) -> Result<()> {
    let Enrol { hub, code, ca_fingerprint, config, data, again } = arguments;
    let data = match (data, config) {
        (Some(data), _) => data,
        (None, Some(config)) => data_folder(&config)?,
        (None, None) => bail!("give --config FILE or --data DIR"),
    };
    // The text is not repeated in an error: it may be nearly right.
    let code: EnrolmentCode = code.parse()?;
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make the data folder \"{}\"", data.display()))?;
    let existing = if again { Existing::Replace } else { Existing::Keep };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_micros()).ok().and_then(|micros| UtcTime::from_unix_micros(micros).ok());
    let now = now.context("the clock of this machine shows no year that there is: set it first")?;
    match enrol_machine(&data, &hub, &code, ca_fingerprint, existing, now)? {
        Outcome::New(enrolled) => println!(
            "this machine is node {} of site {} now; its certificate is good until {} and renewed before. `site`, `node`, \
             [broker] and [hub] need not stand in its configuration any more",
            enrolled.node, enrolled.site, enrolled.not_after
        ),
        Outcome::Already(enrolled) => println!(
            "this machine is node {} of site {} already; nothing was changed (--again gets a new certificate)",
            enrolled.node, enrolled.site
        ),
    }
    Ok(())
}
