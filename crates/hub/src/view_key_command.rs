//! The command that makes the key with which nodes are asked for pictures.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use hub::policy::ViewKeyFile;

#[derive(Debug, Subcommand)]
pub(crate) enum ViewKey {
    /// Makes the secret key that signs requests for pictures, and shows the public half for the nodes' configuration.
    Keygen {
        /// The key's file, which the hub's configuration names in `[signing]` as `view_key_file`.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

pub(crate) fn run(command: &ViewKey) -> Result<()> {
    match command {
        ViewKey::Keygen { key: path } => {
            let key = ViewKeyFile::create(path)?;
            println!(
                "view key {} is in {}; nodes give it pictures by this line among [view] keys",
                key.id(),
                path.display()
            );
            println!("{}", key.public());
            Ok(())
        }
    }
}
