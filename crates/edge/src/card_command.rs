//! `gatehouse-edge card`: what stands for a citizen's number in a list of holders.

use std::io::Read;
use std::path::Path;

use access::cccd::{CODE_LEN_MAX, CitizenCard, IdentityNumber};
use anyhow::{Context, Result};
use edge::codes::salt;
use edge::config::NodeConfig;

/// Reads a number, or the text of a card's code, from standard input: an argument would stay in the shell's history.
pub(crate) fn digest(config: &Path) -> Result<()> {
    let config = NodeConfig::load(config)?;
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot create the data folder \"{}\"", config.data.display()))?;
    let salt = salt::load_or_create(&salt::path(&config.data))?;
    let mut text = String::new();
    let input = std::io::stdin().take(CODE_LEN_MAX as u64 + 1);
    std::io::BufReader::new(input).read_to_string(&mut text).context("cannot read standard input")?;
    let text = text.trim();
    let number = if CitizenCard::is_meant(text) {
        CitizenCard::parse(text).map(|card| card.number)
    } else {
        IdentityNumber::parse(text)
    };
    let number =
        number.context("standard input: the 12 digits of a number, or the text of a card's code, are accepted")?;
    println!("{}", number.digest(&salt));
    Ok(())
}
