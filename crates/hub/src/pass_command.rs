//! The command that makes the key of visitors' passes.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use hub::policy::PassKeyFile;

#[derive(Debug, Subcommand)]
pub(crate) enum Pass {
    /// Makes the secret key that signs passes, and shows the public half for the nodes' configuration.
    Keygen {
        /// The key's file, which the hub's configuration names in `[signing]` as `pass_key_file`.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

pub(crate) fn run(command: Pass) -> Result<()> {
    match command {
        Pass::Keygen { key: path } => {
            let key = PassKeyFile::create(&path)?;
            println!("pass key {} is in {}; nodes trust it by", key.id(), path.display());
            println!("{}", key.public());
            Ok(())
        }
    }
}
