//! Embeds the migrations anew when a file is added to their folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
