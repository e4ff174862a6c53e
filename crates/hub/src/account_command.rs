//! The commands about accounts, keys and the audit log. Whoever may write the database may do all of it: this is how an
//! engineer gets back in who forgot the last password. Each command stands in the audit log.

use std::io::{BufRead, IsTerminal, Write};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::UtcTime;
use hub::accounts::{
    By, Grant, Grants, Knower, NewAccount, NewKey, Order, Role, account_enable, account_make, account_unlock,
    api_key_make, password_set,
};
use hub::{Secret, clock};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use store::{AccountRow, AuditHead, AuditVerdict, Store};

use crate::Files;

/// Accounts of one page of the list.
const PAGE: u32 = 500;

/// Bytes of a password that is read.
const PASSWORD_BYTES_MAX: usize = 1_000;

/// A role and where it holds: `viewer`, or `viewer@SITE,SITE`.
#[derive(Debug, Clone)]
pub(crate) struct RoleAt(Grant);

impl FromStr for RoleAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, sites) = text.split_once('@').unwrap_or((text, "*"));
        let role: Role = role.parse().map_err(|error: hub::accounts::role::NoSuchRole| error.to_string())?;
        Ok(Self(Grant { role, sites: sites.split(',').map(str::to_owned).collect() }))
    }
}

fn grants(roles: Vec<RoleAt>) -> Result<Grants> {
    Ok(Grants::new(roles.into_iter().map(|role| role.0))?)
}

/// Who may sign in.
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Makes an account. The password is asked for, or read from standard input; it is never an argument.
    Add(Box<Add>),
    /// Lists accounts.
    List {
        #[command(flatten)]
        files: Files,
    },
    /// Sets a password and ends the account's sessions. The password is asked for, or read from standard input.
    Password {
        #[command(flatten)]
        named: Named,
    },
    /// Lets an account sign in no more, and ends its sessions.
    Disable {
        #[command(flatten)]
        named: Named,
    },
    /// Lets an account sign in again.
    Enable {
        #[command(flatten)]
        named: Named,
    },
    /// Forgets the wrong passwords of an account, so that it may be tried again at once.
    Unlock {
        #[command(flatten)]
        named: Named,
    },
}

/// An account to be made.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Name to sign in with.
    #[arg(long)]
    name: String,
    /// Name for people [default: the name to sign in with].
    #[arg(long, default_value = "")]
    display_name: String,
    /// Language of the pages: vi or en.
    #[arg(long, default_value = "vi")]
    language: String,
    /// A role, everywhere or at sites: viewer, gate_operator@cao-nguyen,lang-son. Once for each role.
    #[arg(long = "role", required = true)]
    roles: Vec<RoleAt>,
    /// The owner has to set another password before anything else.
    #[arg(long)]
    must_change_password: bool,
    #[command(flatten)]
    files: Files,
}

/// An account by its name.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Name to sign in with.
    name: String,
    #[command(flatten)]
    files: Files,
}

/// Keys for programs.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKey {
    /// Makes a key and shows it, once.
    Add {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// A role, everywhere or at sites: viewer, gate_operator@cao-nguyen. Once for each role.
        #[arg(long = "role", required = true)]
        roles: Vec<RoleAt>,
        /// When it ends by itself, such as 2027-01-01T00:00:00+07:00.
        #[arg(long)]
        expires_at: Option<UtcTime>,
        #[command(flatten)]
        files: Files,
    },
    /// Lists keys, without their secrets.
    List {
        #[command(flatten)]
        files: Files,
    },
    /// Takes a key back, for good.
    Revoke {
        /// The part of the key that names it: the 16 digits after `gh_`.
        id: String,
        #[command(flatten)]
        files: Files,
    },
}

/// Who sits at this machine.
fn by() -> By {
    By::program(&std::env::var("USER").unwrap_or_else(|_| "command line".to_owned()))
}

/// The account of that name.
async fn find(store: &Store, name: &str) -> Result<AccountRow> {
    let name = name.to_lowercase();
    store.account_by_name(&name).await?.with_context(|| format!("there is no account \"{name}\": see account list"))
}

pub(crate) async fn run_account(command: Account) -> Result<()> {
    match command {
        Account::Add(add) => {
            let Add { name, display_name, language, roles, must_change_password, files } = *add;
            let grants = grants(roles)?;
            let store = files.visit().await?;
            let order = if store.account_count().await? == 0 { Order::First } else { Order::Later };
            let password = Some(password_read()?);
            let new =
                NewAccount { name, display_name, language, password, must_change_password, external_id: None, grants };
            let made = account_make(&store, new, order, &by()).await?;
            println!("account {} is made", made.name);
            store.close().await;
        }
        Account::List { files } => {
            let store = files.visit().await?;
            let mut after = String::new();
            loop {
                let accounts = store.accounts(&after, PAGE).await?;
                accounts.iter().for_each(show);
                match accounts.last() {
                    Some(last) => after.clone_from(&last.name),
                    None => break,
                }
            }
            store.close().await;
        }
        Account::Password { named: Named { name, files } } => {
            let store = files.visit().await?;
            let account = find(&store, &name).await?;
            password_set(&store, account, password_read()?, Knower::Owner, None, &by()).await?;
            println!("the password of {name} is set, and its sessions are ended");
            store.close().await;
        }
        Account::Disable { named: Named { name, files } } => {
            let store = files.visit().await?;
            let account = find(&store, &name).await?;
            account_enable(&store, account, false, &by()).await?;
            println!("{name} may not sign in any more");
            store.close().await;
        }
        Account::Enable { named: Named { name, files } } => {
            let store = files.visit().await?;
            let account = find(&store, &name).await?;
            account_enable(&store, account, true, &by()).await?;
            println!("{name} may sign in again");
            store.close().await;
        }
        Account::Unlock { named: Named { name, files } } => {
            let store = files.visit().await?;
            let account = find(&store, &name).await?;
            let had = account_unlock(&store, &account, &by()).await?;
            println!("{name} {}", if had { "is unlocked" } else { "was not locked" });
            store.close().await;
        }
    }
    Ok(())
}

fn show(account: &AccountRow) {
    let roles: Vec<_> = account.roles.iter().map(|(role, site)| format!("{role}@{site}")).collect();
    let state = if account.disabled_at.is_some() { "disabled" } else { "enabled" };
    let seen = account.signed_in_at.map_or_else(|| "never signed in".to_owned(), |at| format!("signed in {at}"));
    println!("{}\t{}\t{}\t{state}\t{seen}", account.name, account.display_name, roles.join(" "));
}

pub(crate) async fn run_api_key(command: ApiKey) -> Result<()> {
    match command {
        ApiKey::Add { name, roles, expires_at, files } => {
            let new = NewKey { name, grants: grants(roles)?, expires_at };
            let store = files.visit().await?;
            let (key, _) = api_key_make(&store, new, &by()).await?;
            println!("{}", key.reveal());
            store.close().await;
        }
        ApiKey::List { files } => {
            let store = files.visit().await?;
            for key in store.api_keys(PAGE).await? {
                let state = match (key.revoked_at, key.expires_at) {
                    (Some(at), _) => format!("taken back {at}"),
                    (None, Some(at)) => format!("holds until {at}"),
                    (None, None) => "holds".to_owned(),
                };
                println!(
                    "{}\t{}\t{}\t{state}\tmade {} by {}",
                    key.id, key.name, key.grants, key.created_at, key.created_by
                );
            }
            store.close().await;
        }
        ApiKey::Revoke { id, files } => {
            let store = files.visit().await?;
            let now = clock::now();
            if !store.api_key_revoke(&id, now, &by().entry("api_key.revoked", &id)).await? {
                bail!("there is no key \"{id}\" that holds: see api-key list");
            }
            println!("key {id} opens nothing any more");
            store.close().await;
        }
    }
    Ok(())
}

/// Reads the whole audit log; an error where it is not what it was.
pub(crate) async fn verify(files: Files, expect: Option<AuditHead>) -> Result<()> {
    let store = files.visit().await?;
    let verified = store.audit_log_verify(expect.as_ref()).await?;
    store.close().await;
    println!("{} rows read; the audit log ends at {}", verified.rows, verified.head);
    match verified.verdict {
        AuditVerdict::Whole => {
            println!("every row is there and as it was written");
            Ok(())
        }
        AuditVerdict::Broken { seq, what } => bail!("the audit log is broken at row {seq}: {what}"),
    }
}

/// A password: asked for twice without showing it where a person sits there, else the first line of standard input.
fn password_read() -> Result<Secret> {
    if !std::io::stdin().is_terminal() {
        return line_read();
    }
    let password = ask("Password: ")?;
    if password != ask("The same again: ")? {
        bail!("these are two different passwords: nothing was changed");
    }
    Ok(password)
}

fn line_read() -> Result<Secret> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    if line.len() > PASSWORD_BYTES_MAX {
        bail!("the password is too long");
    }
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        bail!("no password: give it as the first line of standard input");
    }
    Ok(Secret::new(line))
}

fn ask(prompt: &str) -> Result<Secret> {
    let terminal = std::io::stdin();
    let before = tcgetattr(&terminal).context("cannot ask the terminal")?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    eprint!("{prompt}");
    std::io::stderr().flush().context("cannot ask for the password")?;
    tcsetattr(&terminal, OptionalActions::Flush, &silent)
        .context("cannot keep the terminal from showing the password")?;
    let read = line_read();
    tcsetattr(&terminal, OptionalActions::Flush, &before).context("cannot set the terminal back")?;
    eprintln!();
    read
}
