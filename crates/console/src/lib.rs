//! The operations-centre console as files in memory.
//!
//! It owns the page's sources (`web/`), its tests in a browser (`browser/`) and the build of both; it serves nothing:
//! the hub does. Start reading at `web/src/main.tsx`.

/// A file of the page.
#[derive(Debug)]
pub struct Asset {
    /// Where it is asked for, without the leading slash: `index.html`, `console/main-B3x9.js`.
    pub path: &'static str,
    /// Its bytes.
    pub plain: &'static [u8],
    /// The same, compressed by Brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// The same, compressed by gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Every file of the page.
pub const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The folder of files whose names carry a hash of their bytes, so that they never change.
pub const HASHED: &str = "console/";

/// The page itself.
pub const INDEX: &str = "index.html";

impl Asset {
    /// The file at `path`.
    pub fn find(path: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.path == path)
    }

    /// What it is to a browser.
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webmanifest" => "application/manifest+json",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// Whether the name changes with the bytes.
    pub fn is_hashed(&self) -> bool {
        self.path.starts_with(HASHED)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn index() -> &'static str {
        std::str::from_utf8(Asset::find(INDEX).unwrap().plain).unwrap()
    }

    /// What stands in quotes behind each `name=`.
    fn attributes<'text>(text: &'text str, name: &str) -> Vec<&'text str> {
        text.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn the_page_names_only_files_that_are_there() {
        let mut named = attributes(index(), "src");
        named.extend(attributes(index(), "href"));
        assert!(!named.is_empty());
        // The plain page is the hub's own.
        for path in named.into_iter().filter(|path| *path != "/plain") {
            assert!(Asset::find(path.trim_start_matches('/')).is_some(), "{path}");
        }
    }

    #[test]
    fn the_page_has_no_script_or_style_of_its_own_so_that_a_strict_policy_can_forbid_them() {
        for script in index().split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains(" src="), "{attributes}");
            assert!(rest.starts_with("</script>"), "{rest}");
        }
        assert!(!index().contains("<style"));
        assert!(!index().contains(" style="));
        assert!(!index().contains(" onload="));
    }

    #[test]
    fn every_script_and_style_has_a_name_with_a_hash_and_is_compressed() {
        let code = |asset: &&Asset| asset.path.ends_with(".js") || asset.path.ends_with(".css");
        for asset in ASSETS.iter().filter(code) {
            assert!(asset.is_hashed(), "{}", asset.path);
            let stem = asset.path.rsplit_once('.').unwrap().0;
            assert!(stem.rsplit_once('-').is_some_and(|(_, hash)| hash.len() >= 8), "{stem}");
            // Below this a compressed form saves nothing that counts.
            if asset.plain.len() > 2_000 {
                assert!(asset.brotli.unwrap().len() < asset.plain.len(), "{}", asset.path);
                assert!(asset.gzip.unwrap().len() < asset.plain.len(), "{}", asset.path);
            }
        }
    }

    #[test]
    fn what_loads_before_the_first_picture_is_small() {
        let first = attributes(index(), "src").into_iter().chain(attributes(index(), "href"));
        let scripts = first.filter_map(|path| Asset::find(path.trim_start_matches('/')));
        let scripts: Vec<_> = scripts.filter(|asset| asset.path.ends_with(".js")).collect();
        let sent: usize = scripts.iter().map(|asset| asset.gzip.unwrap_or(asset.plain).len()).sum();
        assert!(sent > 0 && sent <= 300 * 1024, "{sent} bytes of script");
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for asset in ASSETS.iter().filter(|asset| asset.path.ends_with(".css") || asset.path == INDEX) {
            let text = std::str::from_utf8(asset.plain).unwrap();
            assert!(!text.contains("//fonts.") && !text.contains("url(http") && !text.contains("src=\"http"));
        }
    }
}
