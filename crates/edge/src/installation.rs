//! Where the program finds what was installed beside it: the model manifest, models and the ONNX Runtime library.

use std::path::{Path, PathBuf};

/// Environment variable that names the folder of the installation.
pub const HOME_VARIABLE: &str = "GATEHOUSE_HOME";
/// Environment variable that names the ONNX Runtime library.
pub const ONNXRUNTIME_VARIABLE: &str = "GATEHOUSE_ONNXRUNTIME";
/// Where an installed program keeps the models that were pulled.
const INSTALLED_MODELS: &str = "/var/lib/gatehouse/models";

/// Folders of the installation: a checkout, or `/usr/share/gatehouse` with `/var/lib/gatehouse`.
#[derive(Debug, Clone)]
pub struct Installation {
    home: PathBuf,
    onnxruntime: Option<PathBuf>,
}

impl Installation {
    /// Looks for the folder that holds `models/manifest.toml`: the one named by [`HOME_VARIABLE`], else the working
    /// folder and those above it, else those above the program, else `/usr/share/gatehouse`.
    pub fn locate() -> Self {
        let onnxruntime = std::env::var_os(ONNXRUNTIME_VARIABLE).map(PathBuf::from);
        let named = std::env::var_os(HOME_VARIABLE).map(PathBuf::from);
        let above = |start: Option<PathBuf>| {
            start.and_then(|start| start.ancestors().find(|folder| is_home(folder)).map(Path::to_owned))
        };
        let home = named
            .or_else(|| above(std::env::current_dir().ok()))
            .or_else(|| above(std::env::current_exe().ok()))
            .unwrap_or_else(|| PathBuf::from("/usr/share/gatehouse"));
        Self { home, onnxruntime }
    }

    /// The folder itself.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The model manifest.
    pub fn manifest(&self) -> PathBuf {
        self.home.join("models/manifest.toml")
    }

    /// Folders in which model files are looked for, first found first used.
    pub fn model_folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.pulled_models(), self.home.join("models/bundled")];
        let installed = PathBuf::from(INSTALLED_MODELS);
        if !folders.contains(&installed) {
            folders.push(installed);
        }
        folders
    }

    /// Where `models pull` puts what it gets, unless told otherwise: beside the manifest of a checkout, and where an
    /// installed program may write.
    pub fn pulled_models(&self) -> PathBuf {
        if self.home.starts_with("/usr") { PathBuf::from(INSTALLED_MODELS) } else { self.home.join(".models") }
    }

    /// Places where the ONNX Runtime library may be, besides the one that the user names.
    pub fn onnxruntime_candidates(&self) -> Vec<PathBuf> {
        let name = "libonnxruntime.so";
        let folders = [self.home.join(".native/onnxruntime"), "/usr/lib/gatehouse".into(), "/usr/local/lib".into()];
        folders.into_iter().map(|folder| folder.join(name)).collect()
    }

    /// The ONNX Runtime library that the user names in the environment.
    pub fn onnxruntime_named(&self) -> Option<&Path> {
        self.onnxruntime.as_deref()
    }
}

fn is_home(folder: &Path) -> bool {
    folder.join("models/manifest.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_program_pulls_models_to_where_it_may_write() {
        let at = |home: &str| Installation { home: home.into(), onnxruntime: None }.pulled_models();
        assert_eq!(at("/usr/share/gatehouse"), Path::new("/var/lib/gatehouse/models"));
        assert_eq!(at("/home/engineer/gatehouse"), Path::new("/home/engineer/gatehouse/.models"));
    }
}
