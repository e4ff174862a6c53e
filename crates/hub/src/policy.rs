//! Publishing policies: from a folder of documents to a signed bundle in the database, and on to the nodes.
//!
//! The secret key is needed where a policy is published, and nowhere else: a running hub whose configuration names no key only
//! passes on what was signed, so whoever gets into it can tell no node what to do. Guards' orders have a key of their own,
//! and so has looking through cameras.
//!
//! Start reading at [`publish()`]; [`herald`] tells the nodes.

pub mod draft;
pub mod folder;
pub mod import;
pub mod key_file;
pub mod list;
pub mod publish;
pub mod sheet;
pub mod times;
pub mod trial;

pub(crate) mod herald;

pub use folder::{FolderError, read_folder};
pub use key_file::{KeyFileError, KeyKind, OrderKeyFile, PassKeyFile, PolicyKeyFile, ViewKeyFile};
pub use publish::{PublishError, Published, Request, publish};
