//! Builds again when a migration is added: cargo does not look into folders that only a macro reads.
fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
