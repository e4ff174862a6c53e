//! Whether, by whom and at what cost the node's cameras may be looked through from the hub.

use domain::TableReader;
use wire::policy::{PolicyPublicKey, TrustedKeys};
use wire::view::{VIEW_FPS_MAX, VIEW_WIDTHS_PX};

use super::lanes::keys;

/// Pictures a second, unless the configuration says otherwise.
const FPS_MAX: u8 = 5;
/// Their width.
const WIDTH_PX_MAX: u16 = 1280;
/// What all of them may cost together.
const KBIT_S_MAX: u32 = 2_000;

/// How the node's cameras may be looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewConfig {
    /// Whether they may; where not, whoever asks is told so.
    pub permission: ViewPermission,
    /// Most pictures a second of one camera.
    pub fps_max: u8,
    /// Their width at most, pixels.
    pub width_px_max: u16,
    /// Most that all pictures of the node take of its line, kilobits a second.
    pub kbit_s_max: u32,
    /// Keys that are believed in this and in nothing else.
    keys: Vec<PolicyPublicKey>,
}

/// Whether cameras may be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewPermission {
    /// By whoever asks with a key that is believed.
    Given,
    /// By nobody.
    Withheld,
}

impl Default for ViewConfig {
    fn default() -> Self {
        Self {
            permission: ViewPermission::Given,
            fps_max: FPS_MAX,
            width_px_max: WIDTH_PX_MAX,
            kbit_s_max: KBIT_S_MAX,
            keys: Vec::new(),
        }
    }
}

impl ViewConfig {
    /// Whom the node believes: the keys of `[view]`, and those that give orders, because whoever may open a barrier may
    /// see who stands there. Nothing where there is none of either.
    pub(super) fn trusted(&self, table: &mut TableReader<'_>, orders: Option<&TrustedKeys>) -> Option<TrustedKeys> {
        let given = orders.map(TrustedKeys::as_slice).unwrap_or_default();
        let own = self.keys.iter().filter(|key| !given.contains(key));
        let all: Vec<_> = given.iter().chain(own).cloned().collect();
        if all.is_empty() {
            return None;
        }
        match TrustedKeys::new(all) {
            Ok(keys) => Some(keys),
            Err(error) => {
                table.note("view.keys", error);
                None
            }
        }
    }
}

/// Reads `[view]`.
pub(super) fn read_view(table: &mut TableReader<'_>) -> ViewConfig {
    let default = ViewConfig::default();
    let permission = match table.optional::<bool>("enabled") {
        Some(false) => ViewPermission::Withheld,
        Some(true) | None => ViewPermission::Given,
    };
    let given = table.optional::<Vec<String>>("keys").unwrap_or_default();
    ViewConfig {
        permission,
        fps_max: table.ranged("fps_max", 1..=VIEW_FPS_MAX, "1 to 10", default.fps_max),
        width_px_max: table.ranged("width_max", VIEW_WIDTHS_PX, "160 to 1920 pixels", default.width_px_max),
        kbit_s_max: table.ranged("kbit_s_max", 64..=100_000, "64 to 100000", default.kbit_s_max),
        keys: keys("keys", &given, table).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wire::policy::PolicyKey;

    use super::ViewPermission;
    use crate::config::NodeConfig;

    fn parse(more: &str) -> Result<NodeConfig, String> {
        let text = format!(
            "site = \"s\"\nnode = \"n\"\ndata = \"/d\"\n[broker]\nhost = \"b\"\n[hub]\nurl = \"http://h\"\n[[camera]]\nid = \
             \"c\"\nsource = \"rtsp://c/s\"\n[[gate]]\nid = \"g\"\ncamera = \"c\"\nprofile = \"tourist-site.toml\"\n{more}"
        );
        let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
        NodeConfig::parse(&text, &pipelines).map_err(|problems| problems.to_string())
    }

    fn key(seed: u8) -> String {
        PolicyKey::from_seed([seed; 32]).public().to_string()
    }

    #[test]
    fn nobody_looks_unless_a_key_is_believed() {
        assert_eq!(parse("").expect("it is right").trusted_views, None);
        let own = parse(&format!("[view]\nkeys = [\"{}\"]\nfps_max = 2\nkbit_s_max = 256\n", key(1))).expect("right");
        assert_eq!(own.trusted_views.expect("a key").as_slice().len(), 1);
        assert_eq!((own.view.fps_max, own.view.width_px_max, own.view.kbit_s_max), (2, 1280, 256));
        assert!(own.trusted_orders.is_none(), "the key opens nothing");
    }

    #[test]
    fn whoever_gives_orders_looks_too_and_a_key_may_stand_twice() {
        let policy = format!("[policy]\nkeys = [\"{}\"]\norder_keys = [\"{}\"]\n", key(1), key(2));
        let config = parse(&format!("{policy}[view]\nenabled = false\nkeys = [\"{}\", \"{}\"]\n", key(2), key(3)));
        let config = config.expect("it is right");
        assert_eq!(config.trusted_views.expect("keys").as_slice().len(), 3);
        assert_eq!(config.trusted_orders.expect("keys").as_slice().len(), 2);
        assert_eq!(config.view.permission, ViewPermission::Withheld);
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let error =
            parse("[view]\nfps_max = 0\nwidth_max = 4000\nkbit_s_max = 1\nkeys = [\"x\"]\n").expect_err("wrong");
        for place in ["view.fps_max", "view.width_max", "view.kbit_s_max", "view.keys[0]"] {
            assert!(error.contains(place), "{place}: {error}");
        }
    }
}
