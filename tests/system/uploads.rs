//! Large files on a bad line.

use std::time::Duration;

use gatehouse_tests::dice::Dice;
use gatehouse_tests::hub;
use gatehouse_tests::line::Line;
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use uplink::{EvidenceClass, MediaType, Spool, Uploader, UploaderConfig};
use wire::NodeKey;

/// A line breaks after so many bytes.
const CARRIES: u64 = 700_000;
/// A clip of ten seconds.
const CLIP_BYTES: usize = 4_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_comes_over_a_line_that_breaks_and_to_a_hub_that_is_killed_without_beginning_again() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let key = NodeKey::from_seed([9; 32]);
    hub::node_add(&site.hub_folder(), "s1", "n1", &key.public().to_string());
    let mut dice = Dice::new(5);
    let clip: Vec<u8> = (0..CLIP_BYTES).map(|_| dice.below(256) as u8).collect();
    let spool = Spool::open(&site.path("spool")).unwrap();
    let blob = spool.put_as(EvidenceClass::default(), &clip, MediaType::Mp4).unwrap();

    let line = Line::start(http.0, CARRIES);
    let config = UploaderConfig {
        retry_after: Duration::from_millis(50),
        retry_after_max: Duration::from_millis(200),
        ..UploaderConfig::new(format!("http://{}", line.address), "n1".parse().unwrap(), key, None)
    };
    let uploader = Uploader::start(spool.clone(), config, crate::policy::clock()).unwrap();
    eventually("the line broke twice", || (line.breaks() >= 2).then_some(()));
    hub.process.kill();
    let _hub = site.hub_at(http.0);
    eventually("the clip is at the hub", || (spool.state().files == 0).then_some(()));

    let (status, bytes) = http.ask(&format!("/api/v1/blobs/{blob}")).unwrap();
    assert!(status == 200 && bytes == clip, "status {status}, {} bytes", bytes.len());
    let (least, carried) = (clip.len() as u64, line.carried());
    assert!(line.breaks() >= least / CARRIES, "{} breaks", line.breaks());
    // What was on its way when a line broke or the hub was killed goes twice, and each go has its headers.
    assert!(carried < least + least / 2, "{carried} bytes for {least}");
    uploader.stop().await;
}
