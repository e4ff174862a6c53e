//! A copy of a picture.

use anyhow::{Context, Result};
use domain::{BoundingBox, MediaTime, PixelView};
use inference::look::PictureSource;
use inference::picture::read_picture;
use sha2::{Digest, Sha256};

use super::looker::Looker;
use super::place::Place;
use super::report::Made;
use super::source::Source;
use super::timeline::{Seen, chains, patches};

/// JPEG quality of copies, 0 to 100.
const QUALITY: i32 = 92;
/// A picture with a side this long, in pixels, is looked through in parts too: the detector sees all of it so small that
/// it misses persons in the distance whose faces the picture still shows.
const PARTS_FROM: usize = 1_000;
/// Left and upper edges of the parts, and their size, as shares of the picture.
const PARTS_AT: [f32; 2] = [0.0, 0.4];
const PART_SIZE: f32 = 0.6;

/// Writes the copy to `place`, without giving it its name yet.
pub(super) fn redact(source: &Source, looker: &mut Looker<'_>, place: &Place) -> Result<Made> {
    let mut picture = read_picture(&source.path)?;
    let view = picture.view();
    let size = (view.width(), view.height());
    let found = looker.look(&parts(&view), &PictureSource::Bgr(&view))?;
    let seen = [Seen { media: MediaTime::default(), found }];
    let things = chains(&seen);
    let patches = patches(&seen, &things);
    for patch in patches.iter().flatten() {
        picture.cover(&patch.area, patch.how).context("the picture cannot be covered")?;
    }
    let jpeg = picture.jpeg(QUALITY).context("the copy cannot be encoded")?;
    place.write(&jpeg)?;
    let mut made = Made::new(size, &things, &patches);
    (made.bytes, made.sha256) = (jpeg.len() as u64, Sha256::digest(&jpeg).into());
    Ok(made)
}

/// The looks at a picture: all of it, and its parts where it is large.
fn parts<'v>(view: &PixelView<'v>) -> Vec<(PixelView<'v>, BoundingBox)> {
    let whole = BoundingBox::new(0.0, 0.0, 1.0, 1.0).expect("the whole picture is a box");
    let mut parts = vec![(*view, whole)];
    if view.width().max(view.height()) >= PARTS_FROM {
        for (x, y) in PARTS_AT.into_iter().flat_map(|y| PARTS_AT.map(|x| (x, y))) {
            parts.extend(part(view, x, y));
        }
    }
    parts
}

fn part<'v>(view: &PixelView<'v>, x: f32, y: f32) -> Option<(PixelView<'v>, BoundingBox)> {
    let at = |share: f32, length: usize| (share * length as f32) as usize;
    let (left, top) = (at(x, view.width()), at(y, view.height()));
    let (width, height) = (at(PART_SIZE, view.width()), at(PART_SIZE, view.height()));
    let data = view.data().get(top * view.stride() + left * 3..)?;
    let part = PixelView::new(width, height, view.stride(), data).ok()?;
    let share = |pixels: usize, length: usize| pixels as f32 / length as f32;
    let shown = BoundingBox::new(
        share(left, view.width()),
        share(top, view.height()),
        share(left + width, view.width()),
        share(top + height, view.height()),
    );
    Some((part, shown.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_large_picture_overlap_and_reach_its_edges() {
        let (width, height) = (1000, 500);
        let data: Vec<u8> =
            (0..width * height).flat_map(|at| [(at % width / 4) as u8, (at / width / 2) as u8, 7]).collect();
        let view = PixelView::new(width, height, width * 3, &data).expect("a picture");
        let parts = parts(&view);
        assert_eq!(parts.len(), 5);
        for (part, shown) in &parts {
            let (x, y) = ((shown.x0() * width as f32).round() as usize, (shown.y0() * height as f32).round() as usize);
            assert_eq!(part.row(0)[..3], view.row(y)[x * 3..x * 3 + 3]);
            let last = part.row(part.height() - 1);
            let expected = &view.row(y + part.height() - 1)[(x + part.width() - 1) * 3..][..3];
            assert_eq!(last[(part.width() - 1) * 3..][..3], *expected);
        }
        let edges = parts.iter().skip(1).map(|(_, shown)| (shown.x1(), shown.y1()));
        let furthest = edges.fold((0.0f32, 0.0f32), |most, edge| (most.0.max(edge.0), most.1.max(edge.1)));
        assert!(furthest.0 > 0.999 && furthest.1 > 0.999, "{furthest:?}");
        let small = vec![0; 300 * 200 * 3];
        assert_eq!(super::parts(&PixelView::new(300, 200, 900, &small).expect("a picture")).len(), 1);
    }
}
